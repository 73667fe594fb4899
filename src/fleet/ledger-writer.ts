/** Writes to the ledger that come while others are under way, or soon after each other, are gathered into one: each costs the store a transaction, and the disk a sync. */
import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { ObjectKey } from "./desired.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";

const soonMs = 10;

export class LedgerWriter {
  readonly entries = new Map<ObjectKey, LedgerEntry>();
  readonly #ledger: Ledger;
  readonly #cluster: string;
  readonly #gather: () => Promise<void>;
  #pending = new Map<ObjectKey, LedgerEntry | undefined>();
  #flushing: Promise<void> | undefined;

  /** `gather`: waits for what comes soon after. */
  constructor(ledger: Ledger, cluster: string, gather: () => Promise<void> = () => delay(soonMs)) {
    this.#ledger = ledger;
    this.#cluster = cluster;
    this.#gather = gather;
  }

  async load(): Promise<void> {
    for (const entry of await this.#ledger.read(this.#cluster)) this.entries.set(entry.key, entry);
  }

  /** Resolves when it is kept. Rejects, and keeps trying with the next write, when the store can't. */
  put(entry: LedgerEntry): Promise<void> {
    const isKept = this.#flushing === undefined && !this.#pending.has(entry.key);
    if (isKept && isDeepStrictEqual(this.entries.get(entry.key), entry)) return Promise.resolve();
    this.entries.set(entry.key, entry);
    this.#pending.set(entry.key, entry);
    return this.#flush();
  }
  remove(key: ObjectKey): Promise<void> {
    this.entries.delete(key);
    this.#pending.set(key, undefined);
    return this.#flush();
  }

  /** Whatever isn't kept yet. */
  async #flush(): Promise<void> {
    // What is being written now may have been gathered before this write came: wait for it, then for ours.
    while (this.#flushing) await this.#flushing.catch(() => undefined);
    if (this.#pending.size === 0) return;
    this.#flushing = this.#gather().then(() => this.#writePending());
    try {
      await this.#flushing;
    } finally {
      this.#flushing = undefined;
    }
  }

  async #writePending(): Promise<void> {
    const batch = this.#pending;
    this.#pending = new Map();
    try {
      await this.#write(batch);
    } catch (error) {
      for (const [key, entry] of batch) if (!this.#pending.has(key)) this.#pending.set(key, entry);
      throw error;
    }
  }

  async #write(batch: ReadonlyMap<ObjectKey, LedgerEntry | undefined>): Promise<void> {
    const puts = [...batch.values()].filter((entry) => entry !== undefined);
    const removes = [...batch].flatMap(([key, entry]) => (entry === undefined ? [key] : []));
    if (puts.length > 0) await this.#ledger.put(this.#cluster, puts);
    if (removes.length > 0) await this.#ledger.remove(this.#cluster, removes);
  }
}
