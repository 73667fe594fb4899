import type { Seen } from "../../src/model/rows.ts";
import { nothingInForce, type InForce, type RowChange } from "../../src/store/in-force.ts";
import type { JournalEntry, StoredObject } from "../../src/store/store.ts";

/** What survives a crash: everything committed. */
export class Disk {
  revision = 0;
  inForce: InForce = nothingInForce;
  readonly objects = new Map<string, StoredObject>();
  /** By `app/release`. */
  readonly journal = new Map<string, JournalEntry[]>();
  readonly seen = new Map<string, Seen>();
  /** Releases without an end, by app. */
  readonly open = new Map<string, Set<number>>();
  readonly last = new Map<string, number>();
}

/** What a transaction came to. */
export interface Commit {
  before: InForce;
  after: InForce;
  rows: readonly RowChange[];
  entries: readonly JournalEntry[];
}
