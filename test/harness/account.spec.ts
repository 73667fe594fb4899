import { expect, test } from "vitest";
import type { Tally } from "../fixtures/story/load.mjs";
import { account, relapses, told, withinWeight } from "./account.ts";

const tally = (ticks: Tally["ticks"]): Tally => {
  const counts: Record<string, number> = {};
  for (const [, inTick] of ticks)
    for (const [key, count] of Object.entries(inTick)) counts[key] = (counts[key] ?? 0) + count;
  return { name: "front", sent: 100, ms: 1000, counts, ticks, samples: [] };
};

test("errors, time-outs and statuses count as failed, whoever answered", () => {
  const seen = account([
    tally([[0, { "v1 200": 5, "- ECONNRESET": 1, "- 503": 2, "v1 500": 3, "- no answer within 9 ms": 1 }]]),
  ]);
  expect(seen.failed).toBe(7);
  expect(seen.versions).toEqual({ v1: 8 });
});

test("answers of a bad version are counted apart, among those of the time in which it answered", () => {
  const seen = account(
    [
      tally([
        [0, { "v1 200": 10 }],
        [100, { "v1 200": 9, "v2 500": 1 }],
        [200, { "v1 200": 8, "v2 200": 2 }],
        [300, { "v1 200": 10 }],
      ]),
    ],
    { versions: ["v2"] },
  );
  expect(seen).toMatchObject({ failed: 0, bad: { answers: 3, among: 20 } });
  expect(told("it", seen)).toBe(
    "it: 100 requests (100/s), 0 failed; v1 37, v2 3; bad version: 3 of 20 while it answered (15.0 %)",
  );
});

test("a share above its weight is told from chance", () => {
  expect(withinWeight({ answers: 60, among: 500 }, 10)).toBe(true);
  expect(withinWeight({ answers: 100, among: 500 }, 10)).toBe(false);
  expect(withinWeight({ answers: 3, among: 500 }, 0)).toBe(false);
});

test("what proxies answer for a version that is gone counts as its own, in its time only", () => {
  const seen = [
    tally([
      [0, { "v1 200": 1, "- 503": 1 }],
      [1000, { "v1 200": 1, "- 503": 1 }],
    ]),
  ];
  expect(account(seen, { during: { from: 950, to: 1500 } })).toMatchObject({
    failed: 1,
    bad: { answers: 1, among: 2 },
  });
  expect(account(seen, { during: { from: 950, to: 1500, client: /ingress/ } }).failed).toBe(2);
});

test("a failure after the first success is a relapse", () => {
  expect(
    relapses([
      tally([
        [0, { "- 502": 1 }],
        [100, { "- 502": 1, "v1 200": 1 }],
        [200, { "v1 200": 1 }],
      ]),
    ]),
  ).toEqual([]);
  expect(
    relapses([
      tally([
        [0, { "v1 200": 1 }],
        [100, { "- 503": 1 }],
      ]),
    ]),
  ).toEqual(["front: - 503 100 ms later"]);
});
