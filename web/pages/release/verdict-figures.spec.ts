import { expect, test } from "vitest";
import type { Figures } from "../../../src/rollout/verdict.ts";
import { figuresOf } from "./verdict-figures.ts";

const figures: Figures = {
  requests: 40,
  failed: 0,
  byProxy: 0,
  latency: [],
  chance: 1,
  looks: 3,
  wholeLooks: 3,
  failedLooks: 0,
  heard: 6,
  total: 6,
  needed: 0,
};

test("only what there is to say", () => {
  expect(figuresOf(figures)).toEqual([]);
  expect(
    figuresOf({
      ...figures,
      failed: 4,
      byProxy: 3,
      latency: [{ percentile: 99, limitMs: 250, surely: 1, slower: 2, timed: 40 }],
      failedLooks: 2,
      needed: 10,
    }),
  ).toEqual([
    "3.0 of 4.0 failures answered by proxies",
    "p99 within 250 ms: 2.0 of 40 slower",
    "2 looks in a row failed",
    "10 requests more needed",
  ]);
});
