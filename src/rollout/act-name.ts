import type { Act } from "./decide.ts";
import { fleetCell, type Before, type Plan } from "./plan.ts";
import { programOf, stagesNow } from "./position.ts";
import { cellOf, type ReleaseState } from "./state.ts";

/** What an act stands for, whatever its cluster: `write weight`, `held settle`, `back: write unsubset`, `fail`. Pure. */
export function actName(plan: Plan, before: Before, state: ReleaseState, act: Act): string {
  if (act.kind === "fail") return "fail";
  const program = act.cell === fleetCell ? stagesNow(plan, before, state) : programOf(plan, before, state, act.cell);
  const index = act.kind === "write" ? act.step : (cellOf(state, act.cell)?.step ?? 0);
  return `${state.failure === undefined ? "" : "back: "}${act.kind} ${program[index]?.do ?? index}`;
}
