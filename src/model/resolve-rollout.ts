import type { App } from "./app.ts";
import { defaultHold } from "./defaults.ts";
import { durationMs } from "./duration.ts";
import { effectiveSpec, type Surroundings } from "./effective.ts";
import type { LabelSelector } from "./schema.ts";

/** How a release makes its way, with nothing left out and times in ms. */
export interface RolloutPlan {
  strategy: "rolling" | "canary" | "blueGreen" | "ab" | "mirror";
  /** pauseMs null: until promoted. */
  steps: ({ weight: number; holdMs: number } | { pauseMs: number | null })[];
  analysis: {
    /** Absent: no worse than the old revision by more than 1 point. */
    successRate?: number;
    p50Ms?: number;
    p90Ms?: number;
    p99Ms?: number;
    intervalMs: number;
    minRequests: number;
    failureLimit: number;
    noTraffic: "hold" | "pass" | "synthetic";
  };
  waves: { name?: string; clusters?: LabelSelector; maxConcurrent?: number }[];
  progressDeadlineMs: number;
  trafficFirst: boolean;
  onFailure: "rollback" | "stop";
}

/** The plan of a valid App: its own rollout, with Policies, segment and defaults filled in. Overrides don't reach it. */
export function rolloutOf(app: App, surroundings: Omit<Surroundings, "cluster">): RolloutPlan {
  const rollout = effectiveSpec(app, surroundings).spec.rollout!;
  const { interval, p50, p90, p99, ...analysis } = rollout.analysis!;
  return {
    strategy: rollout.strategy!,
    steps: rollout.steps!.map((step) =>
      "weight" in step
        ? { weight: step.weight, holdMs: durationMs(step.hold ?? defaultHold) }
        : { pauseMs: step.pause.for === undefined ? null : durationMs(step.pause.for) },
    ),
    analysis: {
      ...(analysis.successRate !== undefined && { successRate: analysis.successRate }),
      ...(p50 !== undefined && { p50Ms: durationMs(p50) }),
      ...(p90 !== undefined && { p90Ms: durationMs(p90) }),
      ...(p99 !== undefined && { p99Ms: durationMs(p99) }),
      intervalMs: durationMs(interval!),
      minRequests: analysis.minRequests!,
      failureLimit: analysis.failureLimit!,
      noTraffic: analysis.noTraffic!,
    },
    waves: rollout.waves!,
    progressDeadlineMs: durationMs(rollout.progressDeadline!),
    trafficFirst: rollout.trafficFirst!,
    onFailure: rollout.onFailure!,
  };
}
