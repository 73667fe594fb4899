import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { SqliteDialect, type SqliteStatement } from "kysely";

/** What the store asks of the file beyond its path. */
export interface SqliteOptions {
  /** Upper bound of the file in pages of 4 KiB: how tests make a disk full. */
  maxPages?: number;
  /** How long to wait for another process that holds the file, in ms. */
  busyTimeoutMs?: number;
}

/**
 * Opens the file for this process alone (`locking_mode=EXCLUSIVE`), in WAL mode, each commit synced to disk
 * (`synchronous=FULL`). `cell_size_check` makes SQLite refuse pages whose cells don't add up.
 */
export function openSqlite(path: string, options: SqliteOptions = {}): DatabaseSync {
  const database = new DatabaseSync(path, {
    timeout: options.busyTimeoutMs ?? 5_000,
    enableForeignKeyConstraints: false,
  });
  try {
    database.exec(
      "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF",
    );
    if (options.maxPages !== undefined) database.exec(`PRAGMA max_page_count=${options.maxPages}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Kysely on `node:sqlite`. Statements are prepared once and kept by their text. */
export function nodeSqliteDialect(database: DatabaseSync): SqliteDialect {
  const kept = new Map<string, SqliteStatement>();
  return new SqliteDialect({
    database: {
      close: () => database.close(),
      prepare(sql) {
        let statement = kept.get(sql);
        if (statement === undefined) {
          statement = adapt(database.prepare(sql), sql === "rollback" ? () => !database.isTransaction : undefined);
          if (kept.size >= 500) kept.clear();
          kept.set(sql, statement);
        }
        return statement;
      },
    },
  });
}

/** `skip`: SQLite ends the transaction by itself on some errors (a full disk), after which a rollback would hide the first error behind its own. */
function adapt(statement: StatementSync, skip: () => boolean = () => false): SqliteStatement {
  const values = (parameters: readonly unknown[]) => parameters as SQLInputValue[];
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...values(parameters)),
    run: (parameters) => (skip() ? { changes: 0, lastInsertRowid: 0 } : statement.run(...values(parameters))),
    iterate: (parameters) => statement.iterate(...values(parameters)) as IterableIterator<unknown>,
  };
}
