import { expect, test } from "vitest";
import type { Lane } from "../model/rows.ts";
import type { Before, LaneTarget, Plan } from "./plan.ts";
import { laneProgram, mayLeave, sweeps } from "./program.ts";

const target: LaneTarget = { workload: "w1", scale: "s", traffic: "t1", calls: "c1", min: 1 };
const home: Lane = {
  app: "a",
  cluster: "x",
  kind: "home",
  live: { r1: "w1" },
  ready: ["r1"],
  floors: {},
  scale: "s",
  weights: { r1: 100 },
  traffic: "t1",
  calls: "c1",
  good: "r1",
};
const before: Before = { roster: null, lanes: { x: home }, sizes: { x: 1 } };

function program(revision: string, change: Partial<LaneTarget>, trafficFirst = false) {
  const plan: Plan = {
    app: "a",
    number: 2,
    parts: [],
    revision,
    roster: null,
    lanes: { x: { ...target, ...change } },
    reach: {},
    bases: [],
    waves: [{ clusters: ["x"], maxConcurrent: 1 }],
    steps: [{ weight: 50, holdMs: 2000 }, { pauseMs: null }],
    analysis: { intervalMs: 1000, minRequests: 1, failureLimit: 3, noTraffic: "pass" },
    watchMs: 2000,
    trafficFirst,
    onFailure: "rollback",
    progressDeadlineMs: 60_000,
    drainMs: 500,
    closeMs: 0,
  };
  return laneProgram(plan, before, "x");
}

test.each([
  ["traffic", program("r1", { traffic: "t2" })],
  ["calls", program("r1", { calls: "c2" })],
  ["traffic and scale", program("r1", { traffic: "t2", scale: "s2" })],
  ["a workload", program("r2", { workload: "w2" })],
  ["all of it", program("r2", { workload: "w2", traffic: "t2", scale: "s2" }, true)],
])("what is judged is never the last step, which is over as soon as it is held: %s", (_, steps) => {
  expect(steps.some((step) => "judged" in step && step.judged)).toBe(true);
  const last = steps.at(-1)!;
  expect("judged" in last || last.do === "pause").toBe(false);
});

test("where nothing changes there is nothing to do", () => {
  expect(program("r1", {})).toEqual([]);
});

const stray: Lane = { ...home, live: { r0: "w0", r1: "w1" } };

test("what an earlier release left without hearing of all proxies is acknowledged before it goes, though no row changes", () => {
  expect(sweeps({ do: "unsubset" }, stray)).toBe(true);
  expect(sweeps({ do: "settle", removes: true }, stray)).toBe(true);
  expect(sweeps({ do: "clear" }, stray)).toBe(true);
  expect(sweeps({ do: "settle", removes: false }, stray)).toBe(false);
  expect(sweeps({ do: "weight", weight: 50, holdMs: 0, judged: true }, stray)).toBe(false);
  expect(sweeps({ do: "unsubset" }, home)).toBe(false);
  expect(sweeps({ do: "unsubset" }, undefined)).toBe(false);
  expect(sweeps({ do: "unsubset" }, { app: "a", cluster: "x", kind: "reach", lead: "y" })).toBe(true);
});

test("a release leaves its revision behind only where the newer one's is the third", () => {
  const plan = { revision: "r2" } as Plan;
  const leaves = (lane: Lane | undefined, of = plan, begun = true) =>
    mayLeave(of, { ...before, lanes: lane === undefined ? {} : { x: lane } }, "x", begun);
  expect(leaves(undefined)).toBe(true);
  expect(leaves(home)).toBe(true);
  expect(leaves(stray)).toBe(false);
  expect(leaves(stray, plan, false)).toBe(true);
  // One of traffic alone brings none.
  expect(leaves(stray, { revision: "r1" } as Plan)).toBe(true);
});
