import { existsSync, mkdirSync, openSync, fsyncSync, closeSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Kysely } from "kysely";
import { sqliteGround } from "./sqlite-ground.ts";
import { nodeSqliteDialect, openSqlite, type SqliteOptions } from "./sqlite-dialect.ts";
import { SqlStore } from "./sql-store.ts";
import { asStoreFailure, StoreFailure } from "./store-error.ts";
import type { Tables } from "./schema.ts";
import { applicationId, verifyHeader, verifySqlite } from "./verify.ts";

export interface OpenOptions extends SqliteOptions {
  /** Unix ms. */
  now?: () => number;
}

/**
 * Opens `path`, or makes it where none has ever been: a marker beside it (`PATH.begun`) remembers that there was one, so
 * that a store that is gone or emptied is reported, never begun anew. Throws StoreFailure.
 */
export async function openSqliteStore(path: string, options: OpenOptions = {}): Promise<SqlStore> {
  const marker = `${path}.begun`;
  const asFailure = (error: unknown) => asStoreFailure(error, path);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const size = existsSync(path) ? statSync(path).size : undefined;
  const begun = existsSync(marker);
  if (begun && !size)
    throw new StoreFailure(
      "store-missing",
      `The store ${path} is ${size === undefined ? "gone" : "empty"}, though there was one. Put it (or a backup) back. To begin anew on purpose, remove ${marker} too.`,
    );
  let db: Kysely<Tables> | undefined;
  try {
    if (begun) verifyHeader(path);
    const database = openSqlite(path, options);
    db = new Kysely<Tables>({ dialect: nodeSqliteDialect(database) });
    // Kysely closes only what it has opened.
    const tables = await db.introspection.getTables();
    // Tables without the marker: a first start that was interrupted, or another program's file.
    const ours =
      (database.prepare("PRAGMA application_id").get() as { application_id: number }).application_id === applicationId;
    if (tables.length > 0 && !ours)
      throw new StoreFailure("store-corrupt", `${path} is another program's database. Nothing was changed in it.`);
    if (tables.length > 0) await verifySqlite(database, db, path);
    else database.exec(`PRAGMA application_id=${applicationId}`);
    const store = await SqlStore.open(sqliteGround(db), { asFailure, now: options.now ?? Date.now });
    if (!begun) {
      database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      writeFileSync(marker, "Remembers that a store was begun here.\n", { mode: 0o600 });
      syncFolder(dirname(path));
    }
    return store;
  } catch (error) {
    await db?.destroy().catch(() => undefined);
    throw asFailure(error) ?? error;
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  fsyncSync(folder);
  closeSync(folder);
}
