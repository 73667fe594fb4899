import type { Kysely } from "kysely";
import { checksum, unseal } from "./checksum.ts";
import type { Tables } from "./schema.ts";

/** A Kysely instance or a transaction of one. */
export type Db = Kysely<Tables>;

/** Each row checked against its checksum. */
export function checked<Row extends { sum: string }>(table: keyof Tables, rows: readonly Row[]): Row[] {
  for (const row of rows) unseal(table, row);
  return rows as Row[];
}

/** Kysely can't follow a table that is a type parameter; the callers' types say what may be written. */
function anyTable(db: Db): Kysely<Record<string, Record<string, unknown>>> {
  return db as unknown as Kysely<Record<string, Record<string, unknown>>>;
}

/** Insert, or replace the row with the same key. */
export async function upsert<T extends keyof Tables>(
  db: Db,
  table: T,
  keys: readonly (keyof Tables[T] & string)[],
  row: Omit<Tables[T], "sum">,
): Promise<void> {
  const whole = { ...row, sum: checksum(table, row) };
  const rest = Object.fromEntries(
    Object.entries(whole).filter(([name]) => !(keys as readonly string[]).includes(name)),
  );
  await anyTable(db)
    .insertInto(table)
    .values(whole)
    .onConflict((conflict) => conflict.columns(keys).doUpdateSet(rest as never))
    .execute();
}

export async function insert<T extends keyof Tables>(db: Db, table: T, row: Omit<Tables[T], "sum">): Promise<void> {
  await anyTable(db)
    .insertInto(table)
    .values({ ...row, sum: checksum(table, row) })
    .execute();
}
