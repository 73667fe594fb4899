import type { Seen } from "../../src/model/rows.ts";
import type { InForce } from "../../src/store/in-force.ts";
import type { ReadTx, Store, WriteTx } from "../../src/store/store.ts";
import type { StoreFailure } from "../../src/store/store-error.ts";
import type { Commit, Disk } from "./disk.ts";
import { MemoryTx, notSimulated } from "./memory-tx.ts";

export interface MemoryStoreOptions {
  now(): number;
  /** Asked at each commit that writes something: whether the process dies just before or just after it. */
  fate?(): "before" | "after" | undefined;
  committed?(commit: Commit): void;
  died?(): void;
}

const never = new Promise<never>(() => undefined);

/**
 * Simulates src/store in memory, as far as releases use it: objects, what is in force, the journal, observations. Lists,
 * changes, ledgers, tokens, audit and artifacts are not there. One writer, revisions in commit order, all or nothing; held to the
 * real one by the same suite. After `die` nothing that was asked of it is ever answered, as when its process had been killed;
 * another store on the same Disk goes on with what had been committed.
 */
export class MemoryStore implements Store {
  readonly failure: StoreFailure | undefined = undefined;
  readonly #disk: Disk;
  readonly #options: MemoryStoreOptions;
  readonly #onInForce = new Set<(view: InForce) => void>();
  readonly #onSeen = new Set<(seen: Seen) => void>();
  #writing: Promise<unknown> = Promise.resolve();
  #dead = false;

  constructor(disk: Disk, options: MemoryStoreOptions) {
    this.#disk = disk;
    this.#options = options;
  }

  die(): void {
    this.#dead = true;
    this.#onInForce.clear();
    this.#onSeen.clear();
  }

  read<T>(work: (tx: ReadTx) => Promise<T>): Promise<T> {
    return this.#living(() => work(new MemoryTx(this.#disk, this.#options.now())));
  }

  write<T>(work: (tx: WriteTx) => Promise<T>): Promise<T> {
    const turn = this.#writing.then(() => this.#living(() => this.#write(work)));
    this.#writing = turn.catch(() => undefined);
    return turn;
  }

  async #write<T>(work: (tx: WriteTx) => Promise<T>): Promise<T> {
    const tx = new MemoryTx(this.#disk, this.#options.now());
    const result = await work(tx);
    if (this.#dead) return never;
    if (tx.isEmpty()) return result;
    const fate = this.#options.fate?.();
    if (fate !== "before") {
      const commit = tx.commit();
      this.#options.committed?.(commit);
      if (commit.rows.length > 0 && fate === undefined)
        for (const listener of this.#onInForce) listener(this.#disk.inForce);
    }
    if (fate !== undefined) {
      this.die();
      this.#options.died?.();
      return never;
    }
    return result;
  }

  async #living<T>(work: () => Promise<T>): Promise<T> {
    if (this.#dead) return never;
    const result = await work();
    return this.#dead ? never : result;
  }

  inForce(): InForce {
    return this.#disk.inForce;
  }

  onInForce(listener: (view: InForce) => void): () => void {
    this.#onInForce.add(listener);
    return () => this.#onInForce.delete(listener);
  }

  seen(): ReadonlyMap<string, Seen> {
    return this.#disk.seen;
  }

  putSeen(seen: Seen): Promise<void> {
    return this.#living(() => {
      this.#disk.seen.set(seen.cluster, seen);
      for (const listener of this.#onSeen) listener(seen);
      return Promise.resolve();
    });
  }

  onSeen(listener: (seen: Seen) => void): () => void {
    this.#onSeen.add(listener);
    return () => this.#onSeen.delete(listener);
  }

  watch = notSimulated;
  onFailure = (): (() => void) => () => undefined;
  close(): Promise<void> {
    this.die();
    return Promise.resolve();
  }
}
