import { expect, test } from "vitest";
import { healthLines } from "./health-text.ts";

test("each object with what is wrong and for how long; of an app with its cluster", () => {
  const objects = [
    { object: "Namespace money", problem: "is being deleted", at: 0 },
    { cluster: "lima", object: "Deployment money/checkout-r4", problem: "FailedCreate: exceeded quota", at: 60_000 },
  ];
  expect(healthLines(objects, { now: 180_000, count: 5 })).toEqual([
    "✖ Namespace money for 3m: is being deleted",
    "✖ lima: Deployment money/checkout-r4 for 2m: FailedCreate: exceeded quota",
    "and 3 more",
  ]);
  expect(healthLines([], { now: 0 })).toEqual([]);
});
