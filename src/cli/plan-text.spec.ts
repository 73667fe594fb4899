import { expect, it } from "vitest";
import { planLines, type PlanView } from "./plan-text.ts";

const plain = (_: unknown, text: string) => text;
const difference = {
  caller: "web",
  callee: "catalog",
  request: "GET /, answered after 700 ms",
  before: "200",
  after: "504 timeout by web.shop",
  kind: "timeout",
};
const plan: PlanView = {
  app: "catalog",
  number: 3,
  parts: ["traffic"],
  revision: "r1",
  image: "x",
  kept: [],
  stages: ["admitted", "wave 1"],
  waves: [{ name: "wave 1", maxConcurrent: 2, clusters: [] }],
  total: { ms: 60_000, person: false },
  behaviour: [
    { cluster: "bogota", differences: [difference], unknown: [] },
    { cluster: "lima", differences: [difference], unknown: ["no proxy of web is connected"] },
  ],
};

it("tells each request that would end otherwise once, and where that isn't everywhere", () => {
  expect(planLines(plan, plain).slice(-5)).toEqual([
    "requests that would end otherwise:",
    expect.stringContaining("web → catalog  GET /, answered after 700 ms  timeout") as string,
    "    - 200",
    "    + 504 timeout by web.shop",
    "? no proxy of web is connected  (lima)",
  ]);
});

it("says so when nothing changes for callers", () => {
  const same = { ...plan, behaviour: [{ cluster: "bogota", differences: [], unknown: [] }] };
  expect(planLines(same, plain).at(-1)).toBe("no declared request would end otherwise");
});
