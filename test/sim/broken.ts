import type { Lane } from "../../src/model/rows.ts";
import { told } from "../../src/release/acknowledge.ts";
import { decide } from "../../src/rollout/decide.ts";
import type { Observation } from "../../src/rollout/gates.ts";
import { laneWrites, stageWrites } from "../../src/rollout/step-rows.ts";
import type { Broken } from "./simulation.ts";

type Home = Extract<Lane, { kind: "home" }>;

/** The rules as they are, with what they observe changed before. */
function observing(change: (observation: Observation) => Observation): Broken {
  return {
    engine: {
      decide: (plan, before, state, observation, now) => decide(plan, before, state, change(observation), now),
    },
  };
}

/** The writes as they are, with the home lanes among them changed. */
function lanes(change: (lane: Home, step: string, was: Home | undefined) => Lane): Broken {
  return {
    engine: {
      writing: {
        stageWrites,
        laneWrites: (step, plan, before, cluster, rows) => {
          const writes = laneWrites(step, plan, before, cluster, rows);
          const was = rows.lanes.get(cluster);
          return {
            ...writes,
            lanes: writes.lanes.map((lane) =>
              lane.kind === "home" ? change(lane, step.do, was?.kind === "home" ? was : undefined) : lane,
            ),
          };
        },
      },
    },
  };
}

/** What somebody might get wrong in the engine, each by a name. */
export const bugs: Record<string, Broken> = {
  "proxies that haven't answered are taken to have acknowledged": { told: () => ({ done: true, evidence: "surely" }) },
  "pods are taken for ready that nobody saw": observing((observation) => ({
    ...observation,
    seen: new Map(
      [...observation.seen].map(([name, seen]) => [
        name,
        {
          ...seen,
          ready: new Proxy({}, { get: () => new Proxy({}, { get: () => ({ ready: 9, total: 9 }) }) }) as never,
        },
      ]),
    ),
  })),
  "failing requests are overlooked": observing((observation) => ({
    ...observation,
    looks: new Map(
      [...observation.looks].map(([cell, views]) => [
        cell,
        views.map((view) => ({
          ...view,
          looks: view.looks.map((look) => ({
            ...look,
            subject: { ...look.subject, failed: 0, byProxy: 0 },
          })),
        })),
      ]),
    ),
  })),
  "proxies out of contact are excused when something goes": { told: (answer) => told(answer, "advance") },
  "requests under way get no time to end": {
    engine: { decide: (plan, ...rest) => decide({ ...plan, drainMs: 0 }, ...rest) },
  },
  "weights don't add up after a shift": lanes((lane, step) =>
    step === "weight"
      ? {
          ...lane,
          weights: Object.fromEntries(
            Object.entries(lane.weights).map(([name, w]) => [name, w < 100 ? Math.max(1, w - 1) : w]),
          ),
        }
      : lane,
  ),
  "the old workload goes with its subset": lanes((lane, step) =>
    step === "settle" && lane.good !== null ? { ...lane, live: { [lane.good]: lane.live[lane.good]! } } : lane,
  ),
  "the way back forgets the weights": lanes((lane, step, was) =>
    step === "back" && was !== undefined && lane.good !== null ? { ...lane, weights: was.weights } : lane,
  ),
  "calls open before the callee admits them": {
    engine: {
      writing: {
        laneWrites,
        stageWrites: (stage, ...rest) => {
          const writes = stageWrites(stage, ...rest);
          if (stage.do !== "admit") return writes;
          return {
            ...writes,
            rosters: writes.rosters.map((roster) => ({
              ...roster,
              edges: Object.fromEntries(
                Object.entries(roster.edges).map(([callee, edge]) => [
                  callee,
                  edge.stage === "admitted" ? { ...edge, stage: "open" as const } : edge,
                ]),
              ),
            })),
          };
        },
      },
    },
  },
  "sets are never narrowed": {
    engine: {
      writing: {
        laneWrites,
        stageWrites: (stage, ...rest) => {
          const writes = stageWrites(stage, ...rest);
          return stage.do === "narrow" ? { ...writes, rosters: [] } : writes;
        },
      },
    },
  },
  "rows are written without a record": {
    committed: (commit) => ({ ...commit, entries: commit.entries.filter(({ action }) => action !== "write") }),
  },
  "a wait without end": {
    engine: {
      decide: (...given) => {
        const decision = decide(...given);
        return decision.kind === "wait"
          ? {
              ...decision,
              waits: decision.waits.map((wait) => (wait.kind === "drain" ? { ...wait, until: Infinity } : wait)),
            }
          : decision;
      },
    },
  },
};
