import type { Before, Plan } from "../rollout/plan.ts";
import type { ReleaseState } from "../rollout/decide.ts";
import type { JournalEntry } from "../store/store.ts";
import type { Accepted } from "./accept.ts";

/** A release as its journal tells it: the only memory of one that is under way. */
export interface Remembered {
  accepted: Accepted;
  /** Absent: it hasn't begun. */
  begun?: { plan: Plan; before: Before };
  state: ReleaseState;
  ended: boolean;
}

export function remember(entries: readonly JournalEntry[]): Remembered | undefined {
  const [first, ...rest] = entries;
  if (first === undefined || first.action !== "accept") return undefined;
  const remembered: Remembered = {
    accepted: first.body as unknown as Accepted,
    state: { step: null, revision: 0, wrote: false, at: first.at },
    ended: false,
  };
  for (const { action, body } of rest) {
    if (action === "begin") remembered.begun = body as unknown as { plan: Plan; before: Before };
    if (action === "step") remembered.state = body.state as ReleaseState;
    if (action === "end") remembered.ended = true;
  }
  return remembered;
}
