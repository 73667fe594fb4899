import { describe, expect, it, test } from "vitest";
import type { Seen } from "../model/rows.ts";
import { capable, clustersOf, finished, held } from "./gates.ts";
import type { Plan } from "./plan.ts";
import { notBegun } from "./state.ts";

const plan = { app: "a", revision: "r2", progressDeadlineMs: 60_000, reach: {} } as Plan;
const seen = (ready: number, reason?: string): ReadonlyMap<string, Seen> =>
  new Map([
    [
      "lima",
      {
        cluster: "lima",
        applied: 9,
        at: 0,
        ready: { a: { r2: { ready, total: 2, ...(reason !== undefined && { reason }) } } },
      },
    ],
  ]);
const weight = { do: "weight", weight: 50, holdMs: 0, judged: true } as const;

const nothingBefore = { roster: null, lanes: {}, sizes: {} };

describe("before weight is written", () => {
  const ask = (pods: ReadonlyMap<string, Seen>, now: number, next: Parameters<typeof capable>[2] = weight) =>
    capable("lima", { do: "subset" }, next, { heldAt: 0 }, plan, pods, now);

  it("a ready pod is enough, and other steps need none", () => {
    expect(ask(seen(1), 10)).toBeUndefined();
    expect(ask(seen(0), 10, { do: "remove" })).toBeUndefined();
  });

  it("pods that were ready and aren't any more are waited for, with a deadline, then given up", () => {
    expect(ask(seen(0), 10)).toMatchObject({ kind: "wait", wait: { kind: "pods", until: 60_000 } });
    expect(ask(seen(0), 60_000)).toMatchObject({ kind: "fail", code: "never-ready" });
    expect(ask(seen(0, "CrashLoopBackOff: exited with 1"), 60_000)).toMatchObject({ kind: "fail", code: "crashing" });
    expect(ask(new Map(), 10)).toMatchObject({ kind: "wait" });
  });
});

describe("on the way back", () => {
  it("what is made anew is waited for: ready pods of the revision that failed are none of it", () => {
    const failure = { code: "unhealthy", reason: "", blamed: [], kept: [] } as const;
    const ask = (pods: Record<string, { ready: number; total: number }>) =>
      held(
        "lima",
        { do: "recreate", revision: "r1", floor: 2 },
        { step: 0, revision: 9, wrote: true, at: 0, heldAt: null },
        plan,
        nothingBefore,
        { ...notBegun, failure: { ...failure, blamed: [], kept: [] } },
        {
          seen: new Map([["lima", { cluster: "lima", applied: 9, at: 0, ready: { a: pods } }]]),
          acknowledged: new Map(),
          looks: new Map(),
        },
        10,
      );
    expect(ask({ r2: { ready: 2, total: 2 } })).toMatchObject({
      kind: "wait",
      wait: { kind: "pods", reason: "lima: 0 of 2 pods of r1 are ready" },
    });
    expect(ask({ r2: { ready: 2, total: 2 }, r1: { ready: 2, total: 2 } })).toMatchObject({ kind: "pass" });
  });
});

test("callers that follow a cluster, or did so before, are asked too", () => {
  const moved = { ...plan, reach: { quito: "bogota" }, waves: [{ clusters: ["bogota", "lima"], maxConcurrent: 1 }] };
  const before = {
    ...nothingBefore,
    lanes: { cusco: { app: "a", cluster: "cusco", kind: "reach", lead: "lima" } as const },
  };
  expect(clustersOf("bogota", moved, before)).toEqual(["bogota", "quito"]);
  expect(clustersOf("lima", moved, before)).toEqual(["lima", "cusco"]);
  expect(clustersOf("", moved, before)).toEqual(["bogota", "lima", "quito", "cusco"]);
});

describe("with fewer requests than a verdict needs, and `noTraffic: pass`", () => {
  const step = { do: "weight", weight: 10, holdMs: 10_000, judged: true } as const;
  const quiet = {
    ...plan,
    analysis: { intervalMs: 10_000, minRequests: 50, failureLimit: 3, noTraffic: "pass" },
  } as Plan;
  const ask = (failed: number, now: number) =>
    finished(
      "lima",
      step,
      { step: 0, revision: 1, wrote: true, at: 0, heldAt: 0 },
      quiet,
      notBegun,
      {
        seen: seen(1),
        acknowledged: new Map(),
        looks: new Map([["lima", [{ kind: "workload" as const, looks: [look(failed)] }]]]),
      },
      now,
    );
  const look = (failed: number) => ({
    from: 0,
    to: 10_000,
    subject: { requests: 7, failed, byProxy: 0, latency: [] },
    baseline: { requests: 70, failed: 0, byProxy: 0, latency: [] },
    heard: 2,
    total: 2,
  });

  it("it goes on after its hold when none of them went wrong", () => {
    expect(ask(0, 5_000)).toMatchObject({ kind: "wait" });
    expect(ask(0, 10_000)).toMatchObject({
      kind: "pass",
      evidence: expect.stringContaining("without evidence") as string,
    });
  });

  it("more are waited for when one did, up to the deadline", () => {
    expect(ask(3, 10_000)).toMatchObject({
      kind: "wait",
      wait: { kind: "hold", then: "it is judged again; without a verdict it goes on" },
    });
    expect(ask(3, 70_000)).toMatchObject({ kind: "pass" });
  });
});
