import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openPostgresStore, tryPostgres, type OpenPostgresOptions } from "./open-postgres-store.ts";
import { openSqliteStore } from "./open-sqlite-store.ts";
import { postgresUrl } from "./postgres-url.ts";
import type { SqlStore } from "./sql-store.ts";
import { StoreFailure } from "./store-error.ts";

export interface OpenStoreOptions extends Pick<OpenPostgresOptions, "now" | "trouble"> {
  /** URL of a PostgreSQL database; absent: SQLite, in the folder. */
  database?: string;
}

interface Begun {
  id: string;
  /** Without its password. */
  database: string;
}

const file = (folder: string): string => join(folder, "quipu.db");
const marker = (folder: string): string => join(folder, "postgres.begun");

/**
 * The store of a server whose folder this is. The folder remembers where its state is: given another database, or none, it
 * would begin anew, and clusters would be told that nothing is in force. Throws StoreFailure or StoreUnavailable.
 */
export async function openStore(folder: string, { database, ...options }: OpenStoreOptions = {}): Promise<SqlStore> {
  const begun = begunIn(folder, database);
  if (database === undefined) return openSqliteStore(file(folder), { ...(options.now && { now: options.now }) });
  const { store, id } = await openPostgresStore(database, { ...options, ...(begun && { id: begun.id }), alone: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const remembered: Begun = { id, database: postgresUrl(database).shown };
  writeFileSync(marker(folder), `${JSON.stringify(remembered)}\n`, { mode: 0o600 });
  return store;
}

/** Throws what opening it would say of the database and the folder, and changes nothing. */
export async function tryStore(folder: string, database: string | undefined): Promise<void> {
  const begun = begunIn(folder, database);
  if (database !== undefined) await tryPostgres(database, begun?.id);
}

/** The database that the folder began with. Throws StoreFailure when its state is elsewhere than in `database` (absent: SQLite). */
function begunIn(folder: string, database: string | undefined): Begun | undefined {
  const begun = existsSync(marker(folder)) ? (JSON.parse(readFileSync(marker(folder), "utf8")) as Begun) : undefined;
  if (begun !== undefined && database === undefined)
    throw new StoreFailure(
      "store-missing",
      `The state of this home is in ${begun.database}, but no database is given. Give it: quipu up --database URL, or QUIPU_DATABASE.`,
    );
  if (database !== undefined && existsSync(`${file(folder)}.begun`))
    throw new StoreFailure(
      "store-replaced",
      `The state of this home is in SQLite (${file(folder)}); it can't go on in a database. Start without one, or in another home (QUIPU_HOME).`,
    );
  return begun;
}
