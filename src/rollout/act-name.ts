import type { Act } from "./decide.ts";
import { programOf } from "./decide.ts";
import { fleetCell, type Before, type Plan } from "./plan.ts";
import { stagesBack, stagesOf } from "./program.ts";
import { cellOf, type ReleaseState } from "./state.ts";

/** What an act stands for, whatever its cluster: `write weight`, `held settle`, `back: write unsubset`, `fail`. Pure. */
export function actName(plan: Plan, before: Before, state: ReleaseState, act: Act): string {
  if (act.kind === "fail") return "fail";
  const forward = stagesOf(plan, before);
  const program =
    act.cell !== fleetCell
      ? programOf(plan, before, state, act.cell)
      : state.failure === undefined
        ? forward
        : stagesBack(forward, state.failedIn ?? -1);
  const index = act.kind === "write" ? act.step : (cellOf(state, act.cell)?.step ?? 0);
  return `${state.failure === undefined ? "" : "back: "}${act.kind} ${program[index]?.do ?? index}`;
}
