import { Problem } from "../model/problem.ts";
import { activeCells, wavesOver } from "../rollout/position.ts";
import type { Command } from "../rollout/state.ts";
import type { WriteTx } from "../store/store.ts";
import { remember, type Remembered } from "./journal-state.ts";

export type CommandKind = Command["kind"];

/** Why a command makes no sense now; undefined: it may be given. Pure. */
export function refusal(kind: CommandKind, { begun, state, ended, accepted }: Remembered): string | undefined {
  if (ended !== undefined) return `it has ended: ${ended.outcome}`;
  if (state.failure !== undefined) return `it is going back already: ${state.failure.reason}`;
  if (state.abort !== undefined) return "it is being given up already";
  switch (kind) {
    case "pause":
      return state.paused === undefined ? undefined : `${state.paused.by} paused it already`;
    case "resume":
      return state.paused === undefined ? "it isn't paused" : undefined;
    case "promote": {
      if (begun === undefined) return "it waits for another release and holds nothing";
      const held = activeCells(begun.plan, begun.before, state).filter(
        ({ cell, step }) => cell.heldAt !== null && ("judged" in step || step.do === "pause"),
      );
      return held.length > 0
        ? undefined
        : "nothing of it is held: it waits for clusters, pods or proxies, or goes on by itself";
    }
    case "abort": {
      if (accepted.app === null) return "it withdraws an app that was deleted; declare the app again instead";
      if (begun === undefined) return undefined;
      return wavesOver(begun.plan, begun.before, state)
        ? "it carries everything in all clusters already; undo it instead"
        : undefined;
    }
  }
}

/** Writes down what a person said about a release under way. The engine must be told. Throws Problem. */
export async function command(
  tx: WriteTx,
  app: string,
  release: number,
  kind: CommandKind,
  { by, why }: { by: string; why?: string },
): Promise<void> {
  const known = remember(await tx.journal(app, release));
  const subject = `Release/${app}-r${release}`;
  if (known === undefined)
    throw new Problem("not-found", `There is no release ${release} of ${app}.`, { found: release, subject });
  const reason = refusal(kind, known);
  if (reason !== undefined)
    throw new Problem("not-now", `Release ${release} of ${app} can't be told to ${kind}: ${reason}.`, {
      found: kind,
      accepted:
        (["promote", "pause", "resume", "abort"] as const)
          .filter((other) => refusal(other, known) === undefined)
          .join(", ") || "nothing any more",
      subject,
    });
  await tx.appendJournal(app, release, "command", { kind, by, at: tx.now, ...(why !== undefined && { why }) });
}
