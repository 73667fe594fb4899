import type { Before, Plan } from "../rollout/plan.ts";
import { after, notBegun, type Command, type Happened, type ReleaseState } from "../rollout/state.ts";
import type { JournalEntry } from "../store/store.ts";
import type { Accepted } from "./accept.ts";

/** A release as its journal tells it: the only memory of one that is under way. */
export interface Remembered {
  accepted: Accepted;
  acceptedAt: number;
  /** Absent: it hasn't begun. */
  begun?: { plan: Plan; before: Before; at: number };
  state: ReleaseState;
  ended?: { outcome: string; reason?: string; at: number };
}

export function remember(entries: readonly JournalEntry[]): Remembered | undefined {
  const [first, ...rest] = entries;
  if (first === undefined || first.action !== "accept") return undefined;
  const remembered: Remembered = {
    accepted: first.body as unknown as Accepted,
    acceptedAt: first.at,
    state: notBegun,
  };
  for (const entry of rest) {
    const { action, body, at } = entry;
    if (action === "begin") {
      const begun = body as unknown as { plan: Plan; before: Before };
      // Begun by an older version, which knew no waves: it begins anew from what is in force.
      if (begun.plan.waves === undefined) continue;
      remembered.begun = { ...begun, at };
      remembered.state = { ...notBegun, ...commandsOf(remembered.state) };
    } else if (action === "end") remembered.ended = { ...(body as { outcome: string; reason?: string }), at };
    else {
      const happened = happenedOf(entry);
      if (happened !== undefined) remembered.state = after(remembered.state, happened, at);
    }
  }
  return remembered;
}

/** Given before it began, a command counts all the same. */
function commandsOf({ paused, abort }: ReleaseState): Pick<ReleaseState, "paused" | "abort"> {
  return { ...(paused !== undefined && { paused }), ...(abort !== undefined && { abort }) };
}

export function happenedOf({ action, body }: JournalEntry): Happened | undefined {
  switch (action) {
    case "write":
    case "held":
    case "fail":
      return { ...body, kind: action } as unknown as Happened;
    case "command":
      return { kind: "command", command: body as unknown as Command };
    default:
      return undefined;
  }
}
