import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Seen } from "../model/rows.ts";
import { catchUp } from "./catch-up.ts";
import type { Ground, News } from "./ground.ts";
import { nothingInForce, withChanges, type InForce } from "./in-force.ts";
import { readMeta, revisionIn, writeMeta, type Meta } from "./meta-table.ts";
import { migrate } from "./migrations.ts";
import { Observations } from "./observations.ts";
import { readInForce } from "./rows-table.ts";
import type { Change, ReadTx, Store, WriteTx } from "./store.ts";
import { StoreFailure, StoreUnavailable } from "./store-error.ts";
import type { Db } from "./table.ts";
import { readTx, writeTx, type Written } from "./transaction.ts";

export interface SqlStoreOptions {
  /** What an error of the database means for the store as a whole. */
  asFailure(error: unknown): StoreFailure | undefined;
  /** Unix ms. */
  now(): number;
  /** Throws when what the store says of itself forbids to go on. Asked at each write, and when others have written. */
  accept?(meta: Meta): void;
  /** Told what went wrong where nobody waits for an answer, and is tried again. */
  trouble?(error: unknown): void;
}

/** How soon what didn't work for lack of a connection is tried again, in ms. */
const againMs = 250;

/** The store on any SQL that Kysely speaks; what differs between databases is its ground. */
export class SqlStore implements Store {
  readonly #ground: Ground;
  readonly #options: SqlStoreOptions;
  readonly #events = new EventEmitter<{ change: []; inForce: [InForce]; failure: [StoreFailure] }>();
  readonly #observations: Observations;
  #inForce: InForce = nothingInForce;
  #failure: StoreFailure | undefined;
  #closed = false;
  #writing: Promise<unknown> = Promise.resolve();
  #refreshing = false;
  #outdated = false;

  private constructor(ground: Ground, options: SqlStoreOptions) {
    this.#ground = ground;
    this.#options = options;
    this.#events.setMaxListeners(0);
    this.#observations = new Observations(ground, (work) => this.#guard(work));
  }

  /** Brings the schema up to date and reads what is in force. */
  static async open(ground: Ground, options: SqlStoreOptions): Promise<SqlStore> {
    const store = new SqlStore(ground, options);
    await store.#guard(async () => {
      await migrate(ground);
      store.#inForce = await ground.read(async (db) => readInForce(db, revisionIn(await store.#meta(db))));
      await store.#observations.read();
      ground.listen((news) => store.#hear(news));
    });
    return store;
  }

  get failure(): StoreFailure | undefined {
    return this.#failure;
  }

  read<T>(work: (tx: ReadTx) => Promise<T>): Promise<T> {
    return this.#guard(() => this.#ground.read((db) => work(readTx(db, async () => revisionIn(await readMeta(db))))));
  }

  /** One write after another: the next one begins when the views show the one before. */
  write<T>(work: (tx: WriteTx) => Promise<T>): Promise<T> {
    const turn = this.#writing.then(() => this.#write(work));
    this.#writing = turn.catch(() => undefined);
    return turn;
  }

  #write<T>(work: (tx: WriteTx) => Promise<T>): Promise<T> {
    return this.#guard(async () => {
      const written: Written = { rows: [], changes: 0 };
      const { result, before } = await this.#ground.write(async (db) => {
        const before = await this.#since(db, this.#inForce);
        const next = before.view.revision + 1;
        const result = await work(writeTx(db, before.view, next, this.#options.now(), written));
        if (written.changes > 0) {
          await writeMeta(db, "revision", String(next));
          await this.#ground.announce(db, {});
        }
        return { result, before };
      });
      if (written.changes > 0)
        this.#advance(
          withChanges(before.view, before.view.revision + 1, written.rows),
          before.rows || written.rows.length > 0,
        );
      return result;
    });
  }

  async #meta(db: Db): Promise<Meta> {
    const meta = await readMeta(db);
    this.#options.accept?.(meta);
    return meta;
  }

  /** What is in force by what `db` reads, after `view`: others may have written. `rows`: more than the revision has changed. */
  async #since(db: Db, view: InForce): Promise<{ view: InForce; rows: boolean }> {
    const revision = revisionIn(await this.#meta(db));
    if (revision < view.revision)
      throw new StoreFailure(
        "store-replaced",
        `The store is at revision ${revision}, but was at ${view.revision} before: an older copy has taken its place, or commits were lost. Make sure that it is the right one, then start again.`,
      );
    return catchUp(db, view, revision);
  }

  #advance(view: InForce, rows: boolean): void {
    if (view.revision <= this.#inForce.revision) return;
    this.#inForce = view;
    this.#events.emit("change");
    if (rows) this.#events.emit("inForce", view);
  }

  #hear(news: News | undefined): void {
    if (this.#closed) return;
    if (news?.seen === undefined) this.#refresh();
    const observed =
      news === undefined
        ? this.#observations.read()
        : news.seen === undefined
          ? Promise.resolve()
          : this.#observations.hear(news.seen);
    observed.catch((error: unknown) => this.#trouble(error));
  }

  /** Goes on to what others have written; one look at a time, and once more when there was news meanwhile. */
  #refresh(): void {
    this.#outdated = true;
    if (this.#refreshing) return;
    this.#refreshing = true;
    void (async () => {
      while (this.#outdated && !this.#closed && this.#failure === undefined) {
        this.#outdated = false;
        try {
          // Taken before the snapshot: what is written here meanwhile mustn't make the snapshot look old.
          const known = this.#inForce;
          const { view, rows } = await this.#guard(() => this.#ground.read((db) => this.#since(db, known)));
          this.#advance(view, rows);
        } catch (error) {
          this.#trouble(error);
          this.#outdated ||= error instanceof StoreUnavailable;
          await sleep(againMs);
        }
      }
      this.#refreshing = false;
    })();
  }

  #trouble(error: unknown): void {
    if (!this.#closed) this.#options.trouble?.(error);
  }

  inForce(): InForce {
    return this.#inForce;
  }

  onInForce(listener: (view: InForce) => void): () => void {
    this.#events.on("inForce", listener);
    return () => this.#events.off("inForce", listener);
  }

  seen(): ReadonlyMap<string, Seen> {
    return this.#observations.latest;
  }

  putSeen(seen: Seen): Promise<void> {
    return this.#observations.put(seen);
  }

  onSeen(listener: (seen: Seen) => void): () => void {
    return this.#observations.onSeen(listener);
  }

  async *watch(revision: number, signal: AbortSignal): AsyncIterable<Change> {
    let at = revision;
    let woken = Promise.withResolvers<void>();
    const wake = (): void => woken.resolve();
    this.#events.on("change", wake);
    signal.addEventListener("abort", wake);
    const over = (): boolean => signal.aborted || this.#closed;
    try {
      while (!over()) {
        // Armed before looking, so that what happens meanwhile isn't missed.
        woken = Promise.withResolvers<void>();
        const changes = await this.read((tx) => tx.changes(at, 500)).catch(async (error: unknown) => {
          if (!(error instanceof StoreUnavailable) && !over()) throw error;
          this.#trouble(error);
          await sleep(againMs);
          return undefined;
        });
        for (const change of changes ?? []) {
          if (signal.aborted) return;
          yield change;
        }
        at = changes?.at(-1)?.revision ?? at;
        if (changes?.length === 0) await woken.promise;
      }
    } finally {
      this.#events.off("change", wake);
      signal.removeEventListener("abort", wake);
    }
  }

  onFailure(listener: (failure: StoreFailure) => void): () => void {
    if (this.#failure !== undefined) listener(this.#failure);
    else this.#events.once("failure", listener);
    return () => this.#events.off("failure", listener);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#events.emit("change");
    await this.#writing;
    await this.#observations.close();
    await this.#ground.close();
  }

  /** After the first failure nothing is read or written any more: whoever asks is told the same. */
  async #guard<T>(work: () => Promise<T>): Promise<T> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return await work();
    } catch (error) {
      const failure = this.#options.asFailure(error);
      if (failure === undefined) throw error;
      this.#failure ??= failure;
      this.#events.emit("failure", failure);
      throw failure;
    }
  }
}
