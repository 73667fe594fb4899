import { expect, test } from "vitest";
import { noGauges } from "./counters.ts";
import { bucketsOf, goldenOf, quantile } from "./golden.ts";

const counters = {
  "code:200": 9,
  "code:404": 0.5,
  "code:503": 0.5,
  overflow: 0.25,
  "le:10:20": 5,
  "le:0:10": 4,
  "le:20:Infinity": 1,
  connections: 2,
};

test("rate, errors and the rest", () => {
  expect(goldenOf(counters, { ...noGauges, active: 3 })).toMatchObject({
    rate: 10,
    errors: 5,
    codes: { 200: 9, 404: 0.5, 503: 0.5 },
    overflows: 0.25,
    timeouts: 0,
    active: 3,
    newConnections: 2,
  });
  expect(goldenOf({}, noGauges)).toMatchObject({ rate: 0, errors: null, p50: null, p99: null });
});

test.each([
  [0.4, 10],
  [0.5, 12],
  [0.9, 20],
  [0.99, 20],
])("quantile %d is %d ms", (q, ms) => {
  expect(quantile(bucketsOf(counters), q)).toBeCloseTo(ms);
});

test("nothing timed has no quantile", () => {
  expect(quantile([], 0.5)).toBeNull();
});
