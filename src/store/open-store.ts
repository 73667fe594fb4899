import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openPostgresStore, type OpenPostgresOptions } from "./open-postgres-store.ts";
import { openSqliteStore } from "./open-sqlite-store.ts";
import { postgresUrl } from "./postgres-url.ts";
import type { SqlStore } from "./sql-store.ts";
import { StoreFailure } from "./store-error.ts";

export interface OpenStoreOptions extends Pick<OpenPostgresOptions, "now" | "trouble"> {
  /** URL of a PostgreSQL database; absent: SQLite, in the folder. */
  database?: string;
}

/**
 * The store of a server whose folder this is. The folder remembers where its state is: given another database, or none, it
 * would begin anew, and clusters would be told that nothing is in force. Throws StoreFailure or StoreUnavailable.
 */
export async function openStore(folder: string, { database, ...options }: OpenStoreOptions = {}): Promise<SqlStore> {
  const file = join(folder, "quipu.db");
  const marker = join(folder, "postgres.begun");
  const begun = existsSync(marker)
    ? (JSON.parse(readFileSync(marker, "utf8")) as { id: string; database: string })
    : undefined;
  if (database === undefined) {
    if (begun !== undefined)
      throw new StoreFailure(
        "store-missing",
        `The state of this home is in ${begun.database}, but no database is given. Give it: quipu up --database URL, or QUIPU_DATABASE.`,
      );
    return openSqliteStore(file, { ...(options.now && { now: options.now }) });
  }
  if (existsSync(`${file}.begun`))
    throw new StoreFailure(
      "store-replaced",
      `The state of this home is in SQLite (${file}); it can't go on in a database. Start without one, or in another home (QUIPU_HOME).`,
    );
  const { store, id } = await openPostgresStore(database, { ...options, ...(begun && { id: begun.id }), alone: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(marker, `${JSON.stringify({ id, database: postgresUrl(database).shown })}\n`, { mode: 0o600 });
  return store;
}
