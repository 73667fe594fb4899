import { checked, upsert, type Db } from "./table.ts";

/** The few things that a store knows of itself: `revision`, `schema`, and on PostgreSQL `id` and `server`. */
export type Meta = ReadonlyMap<string, string>;

export async function readMeta(db: Db): Promise<Meta> {
  const rows = checked("meta", await db.selectFrom("meta").selectAll().execute());
  return new Map(rows.map(({ key, value }) => [key, value]));
}

export async function writeMeta(db: Db, key: string, value: string): Promise<void> {
  await upsert(db, "meta", ["key"], { key, value });
}

/** Of the newest committed write. */
export function revisionIn(meta: Meta): number {
  return Number(meta.get("revision") ?? 0);
}
