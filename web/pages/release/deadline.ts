import type { ReleaseView, StepView } from "../../../src/release/release-view.ts";
import type { Wait } from "../../../src/rollout/gates.ts";

/** When the wait of a step is over, Unix ms: of a step that is held the end of its hold, though it is looked at more often. */
export function stepDeadline({ heldAt, holdMs }: Pick<StepView, "heldAt" | "holdMs">, wait: Wait): number {
  return wait.kind === "hold" && heldAt !== undefined && holdMs !== undefined
    ? Math.max(wait.until, heldAt + holdMs)
    : wait.until;
}

/** The same for a wait of a release, by its cell: a cluster, or "" for the whole fleet. */
export function deadlineOf(wait: Wait, { waves, stages }: Pick<ReleaseView, "waves" | "stages">): number {
  const steps =
    wait.cell === ""
      ? stages
      : (waves.flatMap(({ clusters }) => clusters).find(({ cluster }) => cluster === wait.cell)?.steps ?? []);
  const step = steps.find(({ state }) => state === "running");
  return step === undefined ? wait.until : stepDeadline(step, wait);
}
