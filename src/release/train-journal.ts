import type { ObjectBody, ObjectKind, ReadTx, WriteTx } from "../store/store.ts";
import type { Cause } from "./accept.ts";

/** A document that apps resolve against, as it was before an edit; null: it wasn't there. */
export interface HeldDocument {
  kind: ObjectKind;
  name: string;
  before: ObjectBody | null;
}

/** The releases that one edit of such a document made. */
export interface Train {
  /** From 1. */
  id: number;
  cause: Cause;
  changed: HeldDocument;
  releases: { app: string; release: number }[];
  finished?: boolean;
  /** Why it goes no further. */
  stopped?: string;
}

/** Trains have a journal of their own, under a name that no app can have; it is no release, so it has ended. */
const journal = { app: "~trains", release: 0 };

/** All trains, oldest first. */
export async function readTrains(tx: ReadTx): Promise<Train[]> {
  const trains: Train[] = [];
  for (const { action, body } of await tx.journal(journal.app, journal.release)) {
    if (action !== "train") continue;
    const entry = body as unknown as Partial<Train> & { id: number };
    trains[entry.id - 1] = { ...trains[entry.id - 1], ...entry } as Train;
  }
  return trains;
}

/** A new train, or what became of one. */
export async function recordTrain(tx: WriteTx, entry: Partial<Train> & { id: number }): Promise<void> {
  if ((await tx.lastJournal(journal.app, journal.release)) === 0)
    await tx.appendJournal(journal.app, journal.release, "end", {});
  await tx.appendJournal(journal.app, journal.release, "train", { ...entry });
}

/** Documents that aren't in force yet as they are declared, with what counts in their place: the oldest that is held. */
export function heldBy(trains: readonly Train[]): HeldDocument[] {
  const held = new Map<string, HeldDocument>();
  for (const train of trains) {
    const key = `${train.changed.kind}/${train.changed.name}`;
    // What a later train of the same document finished, counts.
    if (train.finished === true) held.delete(key);
    else if (!held.has(key)) held.set(key, train.changed);
  }
  return [...held.values()];
}
