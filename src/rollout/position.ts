import { fleetCell, type Before, type Plan } from "./plan.ts";
import { laneProgram, stagesBack, stagesOf, wayBack, type LaneStep, type Stage } from "./program.ts";
import { hasStrays } from "./serving.ts";
import { cellOf, type Cell, type ReleaseState } from "./state.ts";

/** The stages of the direction that a release goes in: forward, or back from where it failed. Pure, as all of this file. */
export function stagesNow(plan: Plan, before: Before, state: ReleaseState): Stage[] {
  const forward = stagesOf(plan, before);
  if (state.failure === undefined) return forward;
  const swept = plan.waves.flatMap(({ clusters }, wave) =>
    clusters.some((cluster) => isSwept(before, state, cluster)) ? [wave] : [],
  );
  return stagesBack(forward, state.failedIn ?? -1, new Set(swept));
}

/**
 * Whether a release that failed before it came to a cluster clears away there what an earlier one left behind: nobody else
 * would. A newer one that supersedes it does so itself.
 */
function isSwept(before: Before, { failure, lanes }: ReleaseState, cluster: string): boolean {
  return failure!.code !== "superseded" && lanes[cluster] === undefined && hasStrays(before.lanes[cluster]);
}

/** The stage that a release is in. undefined: it has written nothing, or nothing since it failed. */
export function stageOf(plan: Plan, before: Before, state: ReleaseState): Stage | undefined {
  return state.fleet === null ? undefined : stagesNow(plan, before, state)[state.fleet.step];
}

/** Whether all waves of a release that goes forward are behind it: the new rows carry everything, the end is near and safe. */
export function wavesOver(plan: Plan, before: Before, state: ReleaseState): boolean {
  const last = stagesOf(plan, before).findLastIndex((stage) => stage.do === "wave" || stage.do === "open");
  return (state.fleet?.step ?? -1) > last;
}

/** The program of a cluster in the direction that the release goes in. */
export function programOf(plan: Plan, before: Before, state: ReleaseState, cluster: string): LaneStep[] {
  const forward = laneProgram(plan, before, cluster);
  if (state.failure === undefined) return forward;
  const cell = state.lanes[cluster];
  if (state.failure.kept.includes(cluster)) return [];
  if (cell === undefined) return isSwept(before, state, cluster) ? [{ do: "unsubset" }, { do: "discard" }] : [];
  return wayBack(plan, before, cluster, forward.slice(0, cell.step + 1));
}

/** Whether a cluster has come to the end of its program. */
export function isDone(program: readonly LaneStep[], cell: Cell | undefined): boolean {
  return program.length === 0 || (cell !== undefined && cell.step === program.length - 1 && cell.heldAt !== null);
}

/** A step that was written and isn't over. */
export interface ActiveCell {
  name: string;
  step: LaneStep | Stage;
  cell: Cell;
}

/** What a release has under way: a stage of the whole fleet, or steps of the clusters of a wave. */
export function activeCells(plan: Plan, before: Before, state: ReleaseState): ActiveCell[] {
  const stage = stageOf(plan, before, state);
  if (stage === undefined) return [];
  if (stage.do !== "wave" && stage.do !== "unwave") return [{ name: fleetCell, step: stage, cell: state.fleet! }];
  return plan.waves[stage.wave]!.clusters.flatMap((name) => {
    const cell = cellOf(state, name);
    const program = programOf(plan, before, state, name);
    return cell === undefined || isDone(program, cell) ? [] : [{ name, step: program[cell.step]!, cell }];
  });
}
