import { expect, test } from "vitest";
import { failuresAfter, restartDelay } from "./back-off.ts";

test("200 ms, doubling to 5 s, from the beginning after a run of 30 s", () => {
  expect([0, 1, 2, 3, 4, 5, 50].map(restartDelay)).toEqual([200, 400, 800, 1600, 3200, 5000, 5000]);
  expect([failuresAfter(3, 29_999), failuresAfter(3, 30_000)]).toEqual([4, 0]);
});
