import fc from "fast-check";
import { expect, test } from "vitest";
import { fieldDiff } from "./field-diff.ts";

test("changed, added and gone fields by path", () => {
  expect(fieldDiff({ a: { b: 1, c: [1, 2] }, gone: true }, { a: { b: 2, c: [1, 3] }, added: null })).toEqual([
    { path: "a.b", before: 1, after: 2 },
    { path: "a.c[1]", before: 2, after: 3 },
    { path: "added", before: undefined, after: null },
    { path: "gone", before: true, after: undefined },
  ]);
});

test("a document never differs from itself", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(fieldDiff(value, structuredClone(value))).toEqual([]);
    }),
  );
});
