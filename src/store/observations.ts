import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Seen } from "../model/rows.ts";
import type { Ground } from "./ground.ts";
import { readSeen, writeSeen } from "./rows-table.ts";
import { StoreUnavailable } from "./store-error.ts";

/** How soon an observation that couldn't be written for lack of a connection is tried again, in ms. */
const againMs = 250;

/**
 * The latest observation of each cluster. For one cluster everything happens in the order in which it was asked for or heard
 * of, so that what stands here in the end is what stands in the table.
 */
export class Observations {
  readonly #ground: Ground;
  readonly #guard: <T>(work: () => Promise<T>) => Promise<T>;
  readonly #events = new EventEmitter<{ seen: [Seen] }>();
  readonly #latest = new Map<string, Seen>();
  /** The last that was asked for, of each cluster. */
  readonly #turns = new Map<string, Promise<void>>();
  #closed = false;

  constructor(ground: Ground, guard: <T>(work: () => Promise<T>) => Promise<T>) {
    this.#ground = ground;
    this.#guard = guard;
    this.#events.setMaxListeners(0);
  }

  get latest(): ReadonlyMap<string, Seen> {
    return this.#latest;
  }

  onSeen(listener: (seen: Seen) => void): () => void {
    this.#events.on("seen", listener);
    return () => this.#events.off("seen", listener);
  }

  /** Without a connection it is tried until there is one, or a later observation of the cluster makes up for it. */
  put(seen: Seen): Promise<void> {
    return this.#inTurn(seen.cluster, async (isLast) => {
      for (;;)
        try {
          await this.#guard(() =>
            this.#ground.note(async (db) => {
              await writeSeen(db, seen);
              await this.#ground.announce(db, { seen: seen.cluster });
            }),
          );
          break;
        } catch (error) {
          if (!(error instanceof StoreUnavailable) || this.#closed || !isLast()) throw error;
          await sleep(againMs);
        }
      this.#tell(seen);
    });
  }

  /** Somebody else has written. */
  hear(cluster: string): Promise<void> {
    return this.#inTurn(cluster, async () => {
      const found = (await this.#guard(() => this.#ground.read((db) => readSeen(db, cluster)))).get(cluster);
      if (found !== undefined && JSON.stringify(found) !== JSON.stringify(this.#latest.get(cluster))) this.#tell(found);
    });
  }

  /** All that there are, each told if it is news. */
  async read(): Promise<void> {
    const found = await this.#guard(() => this.#ground.read((db) => readSeen(db)));
    const news = [...found].filter(
      ([cluster, seen]) => JSON.stringify(seen) !== JSON.stringify(this.#latest.get(cluster)),
    );
    await Promise.all(news.map(([cluster]) => this.hear(cluster)));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#turns.values());
  }

  #tell(seen: Seen): void {
    this.#latest.set(seen.cluster, seen);
    this.#events.emit("seen", seen);
  }

  #inTurn(cluster: string, work: (isLast: () => boolean) => Promise<void>): Promise<void> {
    const before = this.#turns.get(cluster) ?? Promise.resolve();
    const result = before.then(() => work(() => this.#turns.get(cluster) === settled));
    const settled: Promise<void> = result.catch(() => undefined);
    this.#turns.set(cluster, settled);
    return result;
  }
}
