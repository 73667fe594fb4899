import { setTimeout as sleep } from "node:timers/promises";
import { sql, type Kysely } from "kysely";
import type { Ground } from "./ground.ts";
import { PostgresListener } from "./postgres-listener.ts";
import type { Tables } from "./schema.ts";
import { StoreUnavailable } from "./store-error.ts";
import type { Db } from "./table.ts";

/**
 * Held by every write from before it takes its revision until its commit, and by nothing else, so that revisions become
 * visible in order: two writers that took theirs from a sequence could commit the other way round, and a watcher that had
 * seen the later one would miss the earlier. A lock of its own rather than that of the revision's row, because it queues
 * fairly and works before there is a table. "Quip", and "stor".
 */
const writersLock = [0x51756970, 0x73746f72] as const;

export interface PostgresGroundOptions {
  db: Kysely<Tables>;
  self: string;
  listener: PostgresListener;
  /** How long a transaction that can't begin for lack of a connection is tried again, in ms. */
  patienceMs: number;
}

/** PostgreSQL 15 and later. */
export function postgresGround({ db, self, listener, patienceMs }: PostgresGroundOptions): Ground {
  let closed = false;

  /** `begin` is repeated until there is a connection; `work`, which may have effects elsewhere, runs once. */
  async function transaction<T, Begun>(
    begin: (db: Db) => Promise<Begun>,
    work: (db: Db) => Promise<T>,
    lostAtCommit: (begun: Begun, lost: StoreUnavailable) => Promise<void>,
  ): Promise<T> {
    const until = Date.now() + patienceMs;
    for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 2, 500)) {
      const state: { begun?: Begun; commit?: StoreUnavailable; result?: T } = {};
      try {
        await db.connection().execute(async (connection) => {
          try {
            state.begun = await begin(connection);
            state.result = await work(connection);
          } catch (error) {
            // On a lost connection there is nothing left to undo.
            await sql`rollback`.execute(connection).catch(() => undefined);
            throw error;
          }
          try {
            const { rows } = await sql<{ command: string }>`commit`.execute(connection);
            if (rows[0]?.command !== "COMMIT")
              throw new Error("a statement of the transaction had failed, though nobody said so: it was undone");
          } catch (error) {
            if (!(error instanceof StoreUnavailable)) throw error;
            state.commit = error;
          }
        });
      } catch (error) {
        const again = error instanceof StoreUnavailable && !("begun" in state) && !closed && Date.now() < until;
        if (!again) throw error;
        await sleep(pauseMs);
        continue;
      }
      if (state.commit !== undefined) await lostAtCommit(state.begun as Begun, state.commit);
      return state.result as T;
    }
  }

  /** Resolves when the transaction turns out to have been committed. */
  async function settle(transactionId: string, lost: StoreUnavailable): Promise<void> {
    const until = Date.now() + patienceMs;
    for (;;) {
      if (closed || Date.now() > until) break;
      const status = await sql<{ status: string | null }>`select pg_xact_status(${transactionId}::xid8) as status`
        .execute(db)
        .then(
          ({ rows }) => rows[0]?.status,
          () => undefined,
        );
      if (status === "committed") return;
      if (status === "aborted") throw new StoreUnavailable(`${lost.message} The write was undone.`);
      if (status === null) break;
      await sleep(100);
    }
    throw new StoreUnavailable(
      `${lost.message} The connection was lost during the commit, and stayed lost: whether the write was done is not known.`,
      "unknown",
    );
  }

  return {
    db,
    text: sql`text collate "C"`,
    read: (work) =>
      transaction(
        (connection) => sql`start transaction isolation level repeatable read read only`.execute(connection),
        work,
        // What was read has been read.
        () => Promise.resolve(),
      ),
    write: (work) =>
      transaction(
        async (connection) => {
          // Each statement sees what is committed when it begins: with the lock held, that is all that was before.
          await sql`start transaction isolation level read committed`.execute(connection);
          const { rows } = await sql<{ id: string }>`
            select pg_advisory_xact_lock(${sql.lit(writersLock[0])}, ${sql.lit(writersLock[1])}),
              pg_current_xact_id()::text as id`.execute(connection);
          return rows[0]!.id;
        },
        work,
        settle,
      ),
    note: (work) =>
      transaction(
        (connection) => sql`start transaction isolation level read committed`.execute(connection),
        work,
        (_, lost) => Promise.reject(lost),
      ),
    async announce(connection, news) {
      const { channel, payload } = PostgresListener.words(self, news);
      await sql`select pg_notify(${channel}, ${payload})`.execute(connection);
    },
    listen: (heard) => listener.listen(heard),
    async close() {
      closed = true;
      await listener.close();
      await db.destroy();
    },
  };
}
