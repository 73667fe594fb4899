/**
 * The ledger: what we applied in a cluster, so that only that is ever pruned, and drift that happened while nobody
 * looked is noticed. An entry is written before an object is made, and completed when the cluster has it.
 */
import type { ObjectKey } from "./desired.ts";

export interface LedgerEntry {
  key: ObjectKey;
  /** Row revision of what was applied. */
  revision: number;
  /** Hash of the object as it was sent; "" while that is still under way. */
  applied: string;
  /** Hash of the fields we owned after that, with their values. */
  owned: string;
  /** We created it. What was there before us is never taken by force and never pruned. */
  made: boolean;
}

export interface Ledger {
  read(cluster: string): Promise<LedgerEntry[]>;
  put(cluster: string, entries: readonly LedgerEntry[]): Promise<void>;
  remove(cluster: string, keys: readonly ObjectKey[]): Promise<void>;
}

/** A ledger that lasts as long as the process. */
export function memoryLedger(): Ledger {
  const clusters = new Map<string, Map<ObjectKey, LedgerEntry>>();
  const of = (cluster: string): Map<ObjectKey, LedgerEntry> => {
    const entries = clusters.get(cluster) ?? new Map<ObjectKey, LedgerEntry>();
    clusters.set(cluster, entries);
    return entries;
  };
  return {
    read: async (cluster) => [...of(cluster).values()].map((entry) => ({ ...entry })),
    put: async (cluster, entries) => {
      for (const entry of entries) of(cluster).set(entry.key, { ...entry });
    },
    remove: async (cluster, keys) => {
      for (const key of keys) of(cluster).delete(key);
    },
  };
}
