import { expect, test } from "vitest";
import { chanceOfAtLeast, chanceOfAtMost, upperShare } from "./verdict-chance.ts";

/** By adding up, exact for small whole numbers. */
function summed(k: number, n: number, p: number): number {
  let sum = 0;
  for (let at = k; at <= n; at++) {
    let ways = 1;
    for (let index = 0; index < at; index++) ways = (ways * (n - index)) / (index + 1);
    sum += ways * p ** at * (1 - p) ** (n - at);
  }
  return sum;
}

test("the same as adding up", () => {
  for (const n of [1, 7, 25, 60])
    for (const p of [0.001, 0.015, 0.3, 0.9])
      for (let k = 0; k <= n; k++) {
        expect(chanceOfAtLeast(k, n, p)).toBeCloseTo(summed(k, n, p), 9);
        expect(chanceOfAtMost(k, n, p)).toBeCloseTo(1 - summed(k + 1, n, p), 9);
      }
});

test("many trials, and shares of them", () => {
  // Normal approximation: 15,300 of a million at 1.5 % lie 2.468 deviations above the mean.
  expect(chanceOfAtLeast(15_300, 1_000_000, 0.015)).toBeCloseTo(0.0068, 3);
  const [less, between, more] = [4, 4.5, 5].map((k) => chanceOfAtLeast(k, 50.5, 0.02));
  expect(less!).toBeGreaterThan(between!);
  expect(between!).toBeGreaterThan(more!);
});

test("at the ends", () => {
  expect([chanceOfAtLeast(0, 10, 0), chanceOfAtLeast(1, 10, 0), chanceOfAtLeast(11, 10, 0.5)]).toEqual([1, 0, 0]);
  expect([chanceOfAtMost(10, 10, 1), chanceOfAtMost(9, 10, 1), chanceOfAtMost(0, 0, 0.5)]).toEqual([1, 0, 1]);
  expect([chanceOfAtLeast(1, 10, 1), upperShare(0, 0, 0.95), upperShare(3, 3, 0.95)]).toEqual([1, 1, 1]);
});

test("the rule of three", () => {
  expect(upperShare(0, 1000, 0.95)).toBeCloseTo(0.00299, 4);
  // Clopper and Pearson, one-sided 95 %: 2 of 100.
  expect(upperShare(2, 100, 0.95)).toBeCloseTo(0.0616, 3);
});
