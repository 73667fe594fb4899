import { EventEmitter } from "node:events";
import type { Kysely } from "kysely";
import type { Seen } from "../model/rows.ts";
import { withChanges, type InForce } from "./in-force.ts";
import { readInForce, readSeen, writeSeen } from "./rows-table.ts";
import type { Tables } from "./schema.ts";
import { checked, upsert } from "./table.ts";
import { migrations } from "./migrations.ts";
import type { Change, ReadTx, Store, WriteTx } from "./store.ts";
import { StoreFailure } from "./store-error.ts";
import { readTx, writeTx, type Written } from "./transaction.ts";

export interface SqlStoreOptions {
  /** What an error of the database means for the store as a whole. */
  asFailure(error: unknown): StoreFailure | undefined;
  /** Unix ms. */
  now(): number;
}

/** The store on any SQL that Kysely speaks; the dialect's own opening and checking is done before. */
export class SqlStore implements Store {
  readonly #db: Kysely<Tables>;
  readonly #options: SqlStoreOptions;
  readonly #events = new EventEmitter<{ change: []; inForce: [InForce]; seen: [Seen]; failure: [StoreFailure] }>();
  #revision = 0;
  #inForce!: InForce;
  #seen = new Map<string, Seen>();
  #failure: StoreFailure | undefined;
  #closed = false;
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(db: Kysely<Tables>, options: SqlStoreOptions) {
    this.#db = db;
    this.#options = options;
    this.#events.setMaxListeners(0);
  }

  /** Brings the schema up to date (each version in one transaction) and reads what is in force. */
  static async open(db: Kysely<Tables>, options: SqlStoreOptions): Promise<SqlStore> {
    const store = new SqlStore(db, options);
    await store.#guard(async () => {
      await migrate(db);
      store.#revision = Number((await meta(db, "revision")) ?? 0);
      store.#inForce = await readInForce(db, store.#revision);
      store.#seen = await readSeen(db);
    });
    return store;
  }

  get failure(): StoreFailure | undefined {
    return this.#failure;
  }

  read<T>(work: (tx: ReadTx) => Promise<T>): Promise<T> {
    return this.#guard(() => this.#db.transaction().execute((trx) => work(readTx(trx, this.#revision))));
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
      let next = 0;
      const result = await this.#db.transaction().execute(async (trx) => {
        // The one row that every write updates: transactions get their revisions in the order of their commits, on
        // PostgreSQL too, where a sequence would not promise it.
        next = Number((await meta(trx, "revision")) ?? 0) + 1;
        await upsert(trx, "meta", ["key"], { key: "revision", value: String(next) });
        const answer = await work(writeTx(trx, this.#inForce, next, this.#options.now(), written));
        if (written.changes === 0) await upsert(trx, "meta", ["key"], { key: "revision", value: String(next - 1) });
        return answer;
      });
      if (written.changes > 0) this.#committed(next, written);
      return result;
    });
  }

  #committed(revision: number, written: Written): void {
    this.#revision = revision;
    this.#inForce = withChanges(this.#inForce, revision, written.rows);
    this.#events.emit("change");
    if (written.rows.length > 0) this.#events.emit("inForce", this.#inForce);
  }

  inForce(): InForce {
    return this.#inForce;
  }

  onInForce(listener: (view: InForce) => void): () => void {
    this.#events.on("inForce", listener);
    return () => this.#events.off("inForce", listener);
  }

  seen(): ReadonlyMap<string, Seen> {
    return this.#seen;
  }

  async putSeen(seen: Seen): Promise<void> {
    await this.#guard(() => this.#db.transaction().execute((trx) => writeSeen(trx, seen)));
    this.#seen.set(seen.cluster, seen);
    this.#events.emit("seen", seen);
  }

  onSeen(listener: (seen: Seen) => void): () => void {
    this.#events.on("seen", listener);
    return () => this.#events.off("seen", listener);
  }

  async *watch(revision: number, signal: AbortSignal): AsyncIterable<Change> {
    let at = revision;
    while (!signal.aborted && !this.#closed) {
      const woken = Promise.withResolvers<void>();
      this.#events.once("change", woken.resolve);
      signal.addEventListener("abort", () => woken.resolve(), { once: true });
      const changes = await this.read((tx) => tx.changes(at, 500));
      for (const change of changes) {
        if (signal.aborted) break;
        yield change;
      }
      at = changes.at(-1)?.revision ?? at;
      if (changes.length === 0) await woken.promise;
      this.#events.off("change", woken.resolve);
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
    await this.#db.destroy();
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

async function meta(db: Kysely<Tables>, key: string): Promise<string | undefined> {
  return checked("meta", await db.selectFrom("meta").selectAll().where("key", "=", key).execute())[0]?.value;
}

async function migrate(db: Kysely<Tables>): Promise<void> {
  const tables = await db.introspection.getTables();
  const found = tables.some((table) => table.name === "meta") ? Number((await meta(db, "schema")) ?? 0) : 0;
  const newest = migrations.at(-1)!.version;
  if (found > newest)
    throw new StoreFailure(
      "store-newer",
      `The store was written by a newer Quipu (schema ${found}; this one knows ${newest}). Use that version.`,
    );
  for (const migration of migrations) {
    if (migration.version <= found) continue;
    await db.transaction().execute(async (trx) => {
      await migration.up(trx);
      await upsert(trx, "meta", ["key"], { key: "schema", value: String(migration.version) });
    });
  }
}
