import type { Before, Plan } from "./plan.ts";
import { laneProgram, stagesOf, type LaneStep } from "./program.ts";

/** How long a release takes when all goes well, in ms, beside what pods, clusters and proxies need. */
export interface Estimate {
  /** Holds, timed pauses and drains. */
  ms: number;
  /** Somebody has to promote it on the way. */
  person: boolean;
}

/** The time of one cluster's steps: what is declared, nothing measured. Pure. */
export function laneEstimate(program: readonly LaneStep[], drainMs: number): Estimate {
  let ms = 0;
  let person = false;
  for (const step of program) {
    if ("holdMs" in step && step.judged) ms += step.holdMs;
    if (step.do === "pause") {
      if (step.pauseMs === null) person = true;
      else ms += step.pauseMs;
    }
    if (step.do === "clear" || (step.do === "settle" && step.removes)) ms += drainMs;
  }
  return { ms, person };
}

/** The whole way: stages one after another; in a wave as many clusters at a time as it allows, the next as soon as one is done. */
export function estimate(plan: Plan, before: Before): Estimate {
  let ms = 0;
  let person = false;
  for (const stage of stagesOf(plan, before)) {
    if (stage.do === "open" && stage.judged) ms += stage.holdMs;
    if (stage.do !== "wave") continue;
    const { clusters, maxConcurrent } = plan.waves[stage.wave]!;
    const free = Array.from({ length: Math.max(1, Math.min(maxConcurrent, clusters.length)) }, () => 0);
    for (const cluster of clusters) {
      const lane = laneEstimate(laneProgram(plan, before, cluster), plan.drainMs);
      person ||= lane.person;
      const next = free.indexOf(Math.min(...free));
      free[next]! += lane.ms;
    }
    ms += Math.max(...free);
  }
  return { ms, person };
}
