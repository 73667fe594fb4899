import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Lane, Roster } from "../model/rows.ts";
import { decide, type Observation, type ReleaseState } from "./decide.ts";
import type { Plan, Rows } from "./plan.ts";
import { beforeOf, isEmpty, stepRows } from "./step-rows.ts";

type Home = Extract<Lane, { kind: "home" }>;
interface World {
  rosters: Map<string, Roster>;
  lanes: Map<string, Map<string, Lane>>;
  revision: number;
}

const rowsOf = (world: World, app: string): Rows => ({
  rosters: world.rosters,
  lanes: new Map(
    [...world.lanes].flatMap(([cluster, apps]) => {
      const lane = apps.get(app);
      return lane === undefined ? [] : [[cluster, lane] as const];
    }),
  ),
  bases: new Map(),
});

const rosterOf = (app: string, segment: string, callees: string[], consents: string[]): Roster => ({
  app,
  segment,
  team: "t",
  revisions: [],
  ports: [{ name: "http", port: 8080, protocol: "http" }],
  outside: [],
  hosts: [{ host: `${app}.example`, path: "/", port: "http", stage: "wanted" }],
  edges: Object.fromEntries(callees.map((callee) => [callee, { rules: [{}], stage: "wanted" as const, segment: "" }])),
  consents: consents.map((caller) => ({ app: caller })),
});

/** A release of the simulated world: what it asks for, and how the world treats it. */
interface Attempt {
  app: "a" | "b";
  workload: number;
  clusters: string[];
  callees: string[];
  consents: string[];
  fails: "no" | "pods" | "cluster" | "proxy";
  /** The cluster falls silent once this step is written. */ from: "widen" | "subset" | "switch";
  withdraw: boolean;
}

/** Runs one release to its end, step by step, and shows every state of the rows on the way. Time jumps from decision to decision. */
function run(world: World, attempt: Attempt, number: number, look: (world: World) => void): string {
  const { app } = attempt;
  const good =
    [...world.lanes.values()]
      .map((apps) => apps.get(app))
      .find((lane): lane is Home => lane?.kind === "home" && lane.good !== null)?.good ?? null;
  const same =
    good !== null &&
    [...world.lanes.values()].every((apps) => {
      const lane = apps.get(app);
      return lane?.kind !== "home" || lane.live[good] === `w${attempt.workload}`;
    });
  const revision = same ? good : `r${number}`;
  const target = { workload: `w${attempt.workload}`, scale: "s", traffic: `t${number}`, calls: "c", minReady: 1 };
  const plan: Plan = attempt.withdraw
    ? { app, number, revision: null, roster: null, lanes: {}, bases: [], progressDeadlineMs: 60_000, drainMs: 10 }
    : {
        app,
        number,
        revision,
        roster: {
          ...rosterOf(app, app === "a" ? "s1" : "s2", attempt.callees, attempt.consents),
          revisions: [revision],
        },
        lanes: Object.fromEntries(attempt.clusters.map((cluster) => [cluster, target])),
        bases: [],
        progressDeadlineMs: 60_000,
        drainMs: 10,
      };
  const before = beforeOf(plan, rowsOf(world, app));
  let state: ReleaseState = { step: null, revision: 0, wrote: false, at: 0 };
  let now = 0;
  let silent = false;
  for (let turns = 0; turns < 100; turns++) {
    silent ||= state.step === attempt.from;
    const seen: Observation["seen"] = new Map(
      attempt.clusters.map((cluster) => [
        cluster,
        {
          cluster,
          applied: attempt.fails === "cluster" && silent && cluster === attempt.clusters[0] ? 0 : world.revision,
          at: now,
          ready:
            attempt.fails === "pods"
              ? { [app]: { [revision]: { ready: 0, total: 1, reason: "not ready" } } }
              : { [app]: { [revision]: { ready: 1, total: 1 } } },
        },
      ]),
    );
    const acknowledged = new Map(
      attempt.fails === "proxy" && state.wrote ? [[attempt.clusters[0]!, { done: false, evidence: "1 of 2" }]] : [],
    );
    const decision = decide(plan, state, { seen, acknowledged }, now);
    if (decision.kind === "end") return decision.outcome;
    if (decision.kind === "wait") {
      expect(decision.reason).not.toBe("");
      expect(decision.until).toBeGreaterThan(now);
      now = decision.until;
      if (attempt.withdraw || turns > 60) attempt = { ...attempt, fails: "no" };
      continue;
    }
    const writes = stepRows(decision.step, plan, before, rowsOf(world, app));
    const wrote = !isEmpty(writes);
    if (wrote) world.revision += 1;
    for (const roster of writes.rosters) world.rosters.set(roster.app, roster);
    if (writes.deleteRoster) world.rosters.delete(app);
    for (const lane of writes.lanes)
      world.lanes.set(lane.cluster, new Map([...(world.lanes.get(lane.cluster) ?? []), [lane.app, lane]]));
    for (const cluster of writes.deleteLanes) world.lanes.get(cluster)?.delete(app);
    const failure = decision.failure ?? state.failure;
    state = {
      step: decision.step,
      wrote,
      at: now,
      revision: wrote ? world.revision : state.revision,
      ...(failure !== undefined && { failure }),
    };
    look(world);
    // Done again after a crash, a step changes nothing.
    expect(isEmpty(stepRows(decision.step, plan, before, rowsOf(world, app)))).toBe(true);
  }
  throw new Error("a release never ended");
}

const attempts = fc.array(
  fc.record<Attempt>({
    app: fc.constantFrom("a", "b"),
    workload: fc.integer({ min: 1, max: 3 }),
    clusters: fc.subarray(["x", "y"], { minLength: 1 }),
    callees: fc.subarray(["a", "b", "ghost"]),
    consents: fc.subarray(["a", "b"]),
    fails: fc.constantFrom("no", "no", "no", "pods", "cluster", "proxy"),
    from: fc.constantFrom("widen", "subset", "switch"),
    withdraw: fc.constant(false),
  }),
  { minLength: 1, maxLength: 8 },
);
const histories = fc
  .tuple(attempts, fc.array(fc.nat({ max: 7 }), { maxLength: 2 }))
  .map(([list, withdrawals]) => list.map((attempt, index) => ({ ...attempt, withdraw: withdrawals.includes(index) })));

describe("releases over random histories with faults", () => {
  it("weights sum to 100 or nothing; none without a subset, no subset without a workload; good stays until its successor has everything", () => {
    fc.assert(
      fc.property(histories, (history) => {
        const world: World = { rosters: new Map(), lanes: new Map(), revision: 0 };
        history.forEach((attempt, index) =>
          run(world, attempt, index + 1, ({ lanes, rosters }) => {
            for (const apps of lanes.values())
              for (const [app, lane] of apps) {
                if (lane.kind !== "home") continue;
                expect([0, 100]).toContain(Object.values(lane.weights).reduce((sum, weight) => sum + weight, 0));
                for (const name of Object.keys(lane.weights)) {
                  expect(lane.ready).toContain(name);
                  expect(rosters.get(app)!.revisions).toContain(name);
                }
                for (const name of lane.ready) expect(lane.live).toHaveProperty(name);
                if (lane.good !== null) expect(lane.weights).toEqual({ [lane.good]: 100 });
                expect(Object.keys(lane.live).length).toBeLessThanOrEqual(3);
              }
          }),
        );
      }),
      { numRuns: 150 },
    );
  });

  it("a call is open only where the callee exists and permits it", () => {
    fc.assert(
      fc.property(histories, (history) => {
        const world: World = { rosters: new Map(), lanes: new Map(), revision: 0 };
        history.forEach((attempt, index) => {
          run(world, attempt, index + 1, () => undefined);
          for (const caller of world.rosters.values())
            for (const [callee, edge] of Object.entries(caller.edges)) {
              const roster = world.rosters.get(callee);
              const may =
                roster !== undefined &&
                (roster.segment === caller.segment || roster.consents.some((consent) => consent.app === caller.app));
              if (edge.stage === "open") expect(may, `${caller.app} → ${callee}`).toBe(true);
              expect(["wanted", "open"], `${caller.app} → ${callee} at rest`).toContain(edge.stage);
              if (may) expect(edge.stage).toBe("open");
            }
        });
      }),
      { numRuns: 150 },
    );
  });

  it("what failed leaves everything as it was", () => {
    fc.assert(
      fc.property(histories, (history) => {
        const world: World = { rosters: new Map(), lanes: new Map(), revision: 0 };
        history.forEach((attempt, index) => {
          const before = JSON.stringify([
            [...world.rosters].filter(([app]) => app === attempt.app),
            [...world.lanes]
              .map(([cluster, apps]) => [cluster, apps.get(attempt.app)])
              .filter(([, lane]) => lane !== undefined),
          ]);
          const outcome = run(world, attempt, index + 1, () => undefined);
          if (outcome !== "failed") return;
          expect(
            JSON.stringify([
              [...world.rosters].filter(([app]) => app === attempt.app),
              [...world.lanes]
                .map(([cluster, apps]) => [cluster, apps.get(attempt.app)])
                .filter(([, lane]) => lane !== undefined),
            ]),
          ).toBe(before);
        });
      }),
      { numRuns: 150 },
    );
  });
});
