import type { App } from "../model/app.ts";
import { Problem } from "../model/problem.ts";
import type { ReadTx } from "../store/store.ts";
import { rejections } from "./rejected.ts";
import { undoable, undoTarget } from "./undo.ts";

/** Whether the app could be released anew from here; a reason: it can't, and why. */
export interface Again {
  undo: string | null;
  /** The release whose parts come back; absent where there is none. */
  undoTo?: number;
  retry: string | null;
}

/** What undo and retry would do, asked beside release `number`: of the newest finished one, undo goes back to the one before; of an older one, to itself. */
export async function againOf(tx: ReadTx, app: string, number: number): Promise<Again> {
  const declared = await tx.get("App", app);
  if (declared === undefined) return { undo: "the app was deleted", retry: "the app was deleted" };
  const open = (await tx.openReleases(app)).map(({ release }) => release);
  if (open.includes(number))
    return { undo: "it is under way: abort it instead", retry: "it is under way: there is nothing to try again" };
  const busy = open.length > 0 ? `release ${open.at(-1)} is under way` : undefined;
  const known = await undoAt(tx, declared.body as unknown as App, number);
  const rejected = (await rejections(tx, app)).filter(({ release }) => release === number);
  return {
    ...(typeof known === "number" ? { undoTo: known } : {}),
    undo: busy ?? (typeof known === "number" ? null : known),
    retry: busy ?? (rejected.length > 0 || (await endedBadly(tx, app, number)) ? null : "nothing of it was taken back"),
  };
}

async function undoAt(tx: ReadTx, declared: App, number: number): Promise<number | string> {
  try {
    const back = await undoTarget(tx, declared, undoable);
    // The one in force: back to the one before it. An older one: back to itself.
    if (back.undone.number === number) return back.to;
    return (await undoTarget(tx, declared, undoable, number)).to;
  } catch (error) {
    if (error instanceof Problem) return error.message;
    throw error;
  }
}

/** `retry` tries the newest release; an older one that failed has been overtaken. */
async function endedBadly(tx: ReadTx, app: string, number: number): Promise<boolean> {
  if ((await tx.lastRelease(app)) !== number) return false;
  const journal = await tx.journal(app, number);
  return journal.some(({ action, body }) => action === "end" && body.outcome === "failed");
}
