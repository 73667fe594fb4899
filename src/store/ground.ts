import type { Kysely, RawBuilder } from "kysely";
import type { Tables } from "./schema.ts";
import type { Db } from "./table.ts";

/** What one store tells the others on the same database, when its transaction is committed. */
export interface News {
  /** The cluster whose observation was written; absent: there is a new revision. */
  seen?: string;
}

/** What differs from one database to the next. All else is SQL that they share. */
export interface Ground {
  readonly db: Kysely<Tables>;
  /** The type of texts: compared by code point, whatever the language of the database. */
  readonly text: "text" | RawBuilder<unknown>;
  /** Reads on one snapshot. */
  read<T>(work: (db: Db) => Promise<T>): Promise<T>;
  /**
   * A transaction that begins when no other write, of any process, is under way, and sees all that were before it: so
   * revisions that are taken in it become visible in their order. Resolves when it is known to be committed; rejects with
   * what `work` threw, else with StoreUnavailable, which says whether anything was changed.
   */
  write<T>(work: (db: Db) => Promise<T>): Promise<T>;
  /** A transaction beside the writes, for what has no revision. */
  note(work: (db: Db) => Promise<void>): Promise<void>;
  /** Within a transaction. */
  announce(db: Db, news: News): Promise<void>;
  /**
   * What others announce from now on; `undefined` when something may have been missed: at first, after each loss of the
   * connection, and now and then.
   */
  listen(heard: (news: News | undefined) => void): void;
  close(): Promise<void>;
}
