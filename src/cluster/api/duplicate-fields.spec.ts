import { expect, test } from "vitest";
import { duplicateFields } from "./duplicate-fields.ts";

test("fields given twice are found where they are, once each, and nothing else is", () => {
  expect(duplicateFields(`{"a":{"x":1,"x":2,"x":3},"b":[{"y":1},{"y":1,"y":{"y":2}}],"a":1}`)).toEqual([
    "a.x",
    "b[1].y",
    "a",
  ]);
  expect(duplicateFields(`{"a":"b","b":"a","c":["c","c"],"d":{"a":"\\"a\\":1, {"}, "e\\u0061" : [], "ea":1}`)).toEqual([
    "ea",
  ]);
  expect(duplicateFields(`[1,"a",null]`)).toEqual([]);
});
