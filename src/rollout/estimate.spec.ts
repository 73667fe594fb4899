import { describe, expect, it } from "vitest";
import { estimate, laneEstimate } from "./estimate.ts";
import type { Before, Plan } from "./plan.ts";

const target = { workload: "w2", scale: "s", traffic: "t", calls: "c", min: 2 };
const lane = (cluster: string) => ({
  app: "a",
  cluster,
  kind: "home" as const,
  live: { r1: "w1" },
  ready: ["r1"],
  floors: {},
  scale: "s",
  weights: { r1: 100 },
  traffic: "t",
  calls: "c",
  good: "r1",
});
const clusters = ["x", "y", "z"];
const before: Before = {
  roster: null,
  lanes: Object.fromEntries(clusters.map((name) => [name, lane(name)])),
  sizes: { x: 2, y: 2, z: 2 },
};
const plan: Plan = {
  app: "a",
  number: 2,
  parts: ["workload"],
  revision: "r2",
  roster: {
    app: "a",
    segment: "s",
    team: "t",
    revisions: ["r2"],
    ports: [],
    edges: {},
    outside: [],
    consents: [],
    hosts: [],
  },
  lanes: Object.fromEntries(clusters.map((name) => [name, target])),
  reach: {},
  bases: [],
  waves: [
    { clusters: ["x"], maxConcurrent: 1 },
    { clusters: ["y", "z"], maxConcurrent: 1 },
  ],
  steps: [
    { weight: 5, holdMs: 1000 },
    { weight: 50, holdMs: 2000 },
  ],
  analysis: { intervalMs: 1000, minRequests: 1, failureLimit: 3, noTraffic: "pass" },
  watchMs: 2000,
  trafficFirst: false,
  onFailure: "rollback",
  progressDeadlineMs: 60_000,
  drainMs: 500,
  closeMs: 0,
};

describe("how long a release takes", () => {
  it("one cluster: every hold, the last weight included, and the drain", () => {
    expect(estimate({ ...plan, waves: [plan.waves[0]!] }, before)).toEqual({ ms: 5500, person: false });
  });
  it("waves follow each other; within one, as many clusters at a time as it allows", () => {
    expect(estimate(plan, before).ms).toBe(3 * 5500);
    const together = [plan.waves[0]!, { clusters: ["y", "z"], maxConcurrent: 2 }];
    expect(estimate({ ...plan, waves: together }, before).ms).toBe(2 * 5500);
  });
  it("a pause until promoted is a person's, a timed one counts", () => {
    expect(laneEstimate([{ do: "pause", pauseMs: null }], 0)).toEqual({ ms: 0, person: true });
    expect(laneEstimate([{ do: "pause", pauseMs: 700 }], 0)).toEqual({ ms: 700, person: false });
  });
  it("a first release waits for nothing but pods", () => {
    expect(estimate(plan, { roster: null, lanes: {}, sizes: {} }).ms).toBe(0);
  });
});
