import type { Verdict } from "../rollout/verdict.ts";
import type { JournalEntry } from "../store/store.ts";

/** What is known of a step. Times in Unix ms. */
export interface Note {
  writtenAt?: number;
  heldAt?: number;
  receipt?: string;
  verdict?: Verdict;
}

/** One line of a release's story; cluster empty: the whole fleet. */
export interface EventView {
  at: number;
  cluster: string;
  text: string;
}

/** What the journal says of each step: by direction, cell and step. */
export function notesOf(journal: readonly JournalEntry[]): Map<string, Note> {
  const notes = new Map<string, Note>();
  const current = new Map<string, number>();
  let direction = "on";
  for (const { action, at, body } of journal) {
    if (action === "begin") {
      notes.clear();
      current.clear();
      direction = "on";
    }
    if (action === "fail") direction = "back";
    const cell = body.cell as string | undefined;
    if (cell === undefined) continue;
    const key = (step: number) => `${direction}/${cell}/${step}`;
    const place = `${direction}/${cell}`;
    if (action === "write") {
      const step = body.step as number;
      const left = current.get(place);
      // The verdict that lets a release go on stands with the step that it goes on to.
      if (left !== undefined && body.verdict !== undefined)
        notes.set(key(left), { ...notes.get(key(left)), verdict: body.verdict as Verdict });
      current.set(place, step);
      notes.set(key(step), { writtenAt: at });
    } else if (action === "held") {
      const step = current.get(place) ?? 0;
      notes.set(key(step), { ...notes.get(key(step)), heldAt: at, receipt: body.evidence as string });
    }
  }
  return notes;
}

export function eventsOf(journal: readonly JournalEntry[]): EventView[] {
  return journal.flatMap(({ action, at, body }) => {
    const cluster = (body.cell as string | undefined) ?? "";
    switch (action) {
      case "accept":
        return [{ at, cluster, text: "accepted" }];
      case "begin":
        return [{ at, cluster, text: "begun" }];
      case "held":
        return [{ at, cluster, text: String(body.evidence) }];
      case "fail": {
        const { reason, cluster: where = "" } = body.failure as { reason: string; cluster?: string };
        return [{ at, cluster: where, text: `goes back: ${reason}` }];
      }
      case "command": {
        const { kind, by, why } = body as { kind: string; by: string; why?: string };
        return [{ at, cluster, text: `${kind} by ${by}${why === undefined ? "" : `: ${why}`}` }];
      }
      case "end":
        return [
          {
            at,
            cluster,
            text: `${String(body.outcome)}${body.reason === undefined ? "" : `: ${String(body.reason)}`}`,
          },
        ];
      default:
        return [];
    }
  });
}
