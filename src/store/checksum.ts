import { createHash } from "node:crypto";
import { StoreFailure } from "./store-error.ts";

export type Column = string | number | null;
export type Sealed<Row> = Row & { sum: string };

/**
 * 128 bits over the table's name and every column in the order of their names: SQLite itself keeps no checksum of
 * pages, so that a flipped byte inside a row would be read as if it had been written.
 */
export function checksum(table: string, row: object): string {
  const hash = createHash("sha256").update(table);
  for (const [name, value] of Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (name !== "sum")
      hash.update(
        `\0${name}\0${value === null ? "n" : typeof value === "number" ? `i${value}` : `t${value as string}`}`,
      );
  }
  return hash.digest("hex").slice(0, 32);
}

export function seal<Row extends object>(table: string, row: Row): Sealed<Row> {
  return { ...row, sum: checksum(table, row) };
}

/** The row as it is, or a StoreFailure when one of its bytes isn't what was written. */
export function unseal<Row extends { sum: string }>(table: string, row: Row): Row {
  if (checksum(table, row) !== row.sum) {
    throw new StoreFailure(
      "store-corrupt",
      `The store is damaged: a row of ${table} doesn't match its checksum. Put a backup in its place; nothing was changed or begun anew.`,
    );
  }
  return row;
}
