import { expect, test } from "vitest";
import type { Lane } from "../model/rows.ts";
import type { Before, LaneTarget, Plan } from "./plan.ts";
import { laneProgram } from "./program.ts";

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
