import fc from "fast-check";
import { expect, test } from "vitest";
import { backOffMs } from "./back-off.ts";

test("doubles up to the maximum", () => {
  const waits = [1, 2, 3, 4, 5, 6].map((failures) => backOffMs({ baseMs: 100, maxMs: 1000 }, failures, () => 1));
  expect(waits).toEqual([100, 200, 400, 800, 1000, 1000]);
});

test("is never below half of the wait nor above the maximum, however many failures", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (failures, random) => {
        const wait = backOffMs({ baseMs: 200, maxMs: 30_000 }, failures, () => random);
        expect(wait).toBeGreaterThanOrEqual(100);
        expect(wait).toBeLessThanOrEqual(30_000);
      },
    ),
  );
});
