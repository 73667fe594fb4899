import { isDone, programOf } from "./decide.ts";
import { fleetCell, type Before, type Plan } from "./plan.ts";
import { stagesBack, stagesOf, type LaneStep, type Stage } from "./program.ts";
import { cellOf, type Cell, type ReleaseState } from "./state.ts";

/** A step that was written and isn't over. */
export interface ActiveCell {
  name: string;
  step: LaneStep | Stage;
  cell: Cell;
}

/** What a release has under way: a stage of the whole fleet, or steps of the clusters of a wave. Pure. */
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

/** The stage that a release is in. undefined: it has written nothing, or nothing since it failed. */
export function stageOf(plan: Plan, before: Before, state: ReleaseState): Stage | undefined {
  if (state.fleet === null) return undefined;
  const forward = stagesOf(plan, before);
  const stages = state.failure === undefined ? forward : stagesBack(forward, state.failedIn ?? -1);
  return stages[state.fleet.step];
}
