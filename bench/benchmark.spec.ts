import { expect, test } from "vitest";
import { quantile } from "./benchmark.ts";

test("quantiles by nearest rank", () => {
  const samples = [5, 1, 4, 2, 3];
  expect([0, 0.5, 0.99, 1].map((share) => quantile(samples, share))).toEqual([1, 3, 5, 5]);
  expect(quantile([], 0.5)).toBeNaN();
});
