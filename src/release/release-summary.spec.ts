import { describe, expect, it } from "vitest";
import type { Wait } from "../rollout/gates.ts";
import { summaryOf } from "./release-summary.ts";
import type { ClusterView, ReleaseView, StepView } from "./release-view.ts";

const owner = { team: "payments", segment: "money" };
const wait = (kind: Wait["kind"], until: number): Wait => ({
  cell: "lima",
  kind,
  reason: `${kind} until ${until}`,
  until,
  then: "it goes back",
});
const steps = (...states: StepView["state"][]): StepView[] =>
  states.map((state) => ({ do: "weight", label: "50 %", state, weight: 50 }));
const cluster = (name: string, more: Partial<ClusterView> = {}, weight = 0): ClusterView => ({
  cluster: name,
  state: "running",
  steps: steps("done", "waiting"),
  back: [],
  revisions: [
    { revision: "r1", role: "good", weight: 100 - weight, ready: 2, total: 2 },
    { revision: "r2", role: "new", weight, ready: 2, total: 2 },
  ],
  ...more,
});
const view = (clusters: ClusterView[], more: Partial<ReleaseView> = {}): ReleaseView => ({
  app: "a",
  at: 1,
  number: 2,
  phase: "progressing",
  parts: ["workload"],
  cause: { kind: "deploy", by: "ana" },
  image: null,
  revision: "r2",
  from: "r1",
  acceptedAt: 5,
  stages: [],
  waves: [{ name: "wave 1", maxConcurrent: 2, state: "running", clusters }],
  waits: [],
  events: [],
  commands: { promote: null, pause: null, resume: null, abort: null },
  ...more,
});
const summary = (clusters: ClusterView[], more?: Partial<ReleaseView>) => summaryOf(view(clusters, more), owner);

describe("a release in a list", () => {
  it("counts what is done and what went back, and the share of steps behind it", () => {
    const clusters = [
      cluster("a", { state: "done", steps: steps("done", "done") }),
      cluster("b", { state: "kept", steps: steps("done", "done") }),
      cluster("c", { state: "going back", steps: steps("undone", "waiting") }),
      cluster("d", { state: "taken back", steps: steps("undone", "undone") }),
    ];
    expect(summary(clusters)).toMatchObject({
      ...owner,
      waves: [{ name: "wave 1", state: "running", clusters: 4, done: 2, takenBack: 2, progress: 0.5 }],
    });
    expect(summary([cluster("a", { steps: [] })]).waves[0]!.progress).toBe(1);
  });

  it("tells the least and the most weight of the clusters that it has reached", () => {
    const waiting = cluster("c", { state: "waiting" }, 0);
    expect(summary([cluster("a", {}, 50), cluster("b", {}, 25), waiting]).weight).toEqual({ least: 25, most: 50 });
    expect(summary([waiting]).weight).toEqual({ least: 0, most: 0 });
    expect(summary([cluster("a", { steps: [{ do: "traffic", label: "", state: "running" }] })]).weight).toBeNull();
  });

  it("puts a person before everything else, then what is over soonest", () => {
    const waits = [wait("pods", 30), wait("proxies", 20), wait("person", 90)];
    expect(summary([], { waits })).toMatchObject({ wait: { kind: "person" }, moreWaits: 2 });
    expect(summary([], { waits: waits.slice(0, 2) })).toMatchObject({ wait: { kind: "proxies" }, moreWaits: 1 });
    expect(summary([])).toMatchObject({ wait: null, moreWaits: 0 });
  });

  it("counts a pause as waiting for a person, once", () => {
    const paused = { kind: "pause", by: "ana", at: 7, why: "lunch" } as const;
    expect(summary([], { paused, waits: [wait("pods", 1)] })).toMatchObject({
      wait: { kind: "person", cell: "", reason: "paused by ana: lunch" },
      moreWaits: 1,
    });
    expect(summary([], { paused, waits: [wait("person", 1)] })).toMatchObject({ wait: { until: 1 }, moreWaits: 0 });
  });
});
