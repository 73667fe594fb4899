import { expect, test } from "vitest";
import { explanationText, type Explanation } from "./explanation-text.ts";

const slow = {
  status: 504,
  flag: "UT",
  by: "orders.food",
  rule: "default",
  object: "VirtualService/food/pricing",
  reason: "504: orders.food waits 500 ms for pricing.food",
};
const fine = { status: 200, by: "the app of pricing.food", reason: "200: the app of pricing.food answers" };
const step = {
  proxy: "orders.food",
  what: "route",
  rule: "default",
  object: "VirtualService/food/pricing",
  detail: "takes every path",
};

test("what comes out, which rule decides, then the way", () => {
  const explanation: Explanation = {
    outcome: slow,
    steps: [step],
    alternatives: [{ chance: 1, outcome: slow, steps: [step] }],
    unknown: [],
  };
  expect(explanationText(explanation)).toEqual([
    "✖ 504: orders.food waits 500 ms for pricing.food",
    "  answered by: orders.food",
    "  rule: default",
    "  object: VirtualService/food/pricing",
    "  Envoy's flag: UT",
    "",
    "PROXY        WHAT   RULE     FROM                         DETAIL",
    "orders.food  route  default  VirtualService/food/pricing  takes every path",
  ]);
});

test("other ways are told with their chances, and what can't be known", () => {
  const explanation: Explanation = {
    outcome: fine,
    steps: [],
    alternatives: [
      { chance: 0.95, outcome: fine, steps: [] },
      { chance: 0.05, outcome: slow, steps: [] },
    ],
    unknown: ["a filter that isn't understood"],
  };
  expect(explanationText(explanation)).toEqual([
    "✔ 200: the app of pricing.food answers",
    "  answered by: the app of pricing.food",
    "",
    "Or (this was the likeliest, 95 %):",
    "5.0 %  ✖ 504: orders.food waits 500 ms for pricing.food",
    "",
    "= a filter that isn't understood",
  ]);
});
