/** Writes to the ledger while others are under way are gathered into one: each costs the store a transaction. */
import type { ObjectKey } from "./desired.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";

export class LedgerWriter {
  readonly entries = new Map<ObjectKey, LedgerEntry>();
  readonly #ledger: Ledger;
  readonly #cluster: string;
  #pending = new Map<ObjectKey, LedgerEntry | undefined>();
  #flushing: Promise<void> | undefined;

  constructor(ledger: Ledger, cluster: string) {
    this.#ledger = ledger;
    this.#cluster = cluster;
  }

  async load(): Promise<void> {
    for (const entry of await this.#ledger.read(this.#cluster)) this.entries.set(entry.key, entry);
  }

  /** Resolves when it is kept. Rejects, and keeps trying with the next write, when the store can't. */
  put(entry: LedgerEntry): Promise<void> {
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
    const batch = this.#pending;
    this.#pending = new Map();
    this.#flushing = this.#write(batch);
    try {
      await this.#flushing;
    } catch (error) {
      for (const [key, entry] of batch) if (!this.#pending.has(key)) this.#pending.set(key, entry);
      throw error;
    } finally {
      this.#flushing = undefined;
    }
  }

  async #write(batch: ReadonlyMap<ObjectKey, LedgerEntry | undefined>): Promise<void> {
    const puts = [...batch.values()].filter((entry) => entry !== undefined);
    const removes = [...batch].flatMap(([key, entry]) => (entry === undefined ? [key] : []));
    if (puts.length > 0) await this.#ledger.put(this.#cluster, puts);
    if (removes.length > 0) await this.#ledger.remove(this.#cluster, removes);
  }
}
