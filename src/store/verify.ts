import { closeSync, openSync, readSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { unseal } from "./checksum.ts";
import { tableNames } from "./schema.ts";
import { StoreFailure } from "./store-error.ts";
import { verifyAudit } from "./records-tables.ts";
import type { Db } from "./table.ts";

/** "Quip": in the header of the file, so that another program's database isn't taken for ours. */
export const applicationId = 0x51756970;

/** Bytes of the header that never change in a file of ours (https://www.sqlite.org/fileformat.html#the_database_header). */
const header: readonly (readonly [at: number, bytes: Buffer, what: string])[] = [
  [0, Buffer.from("SQLite format 3\0"), "magic"],
  [16, Buffer.from([0x10, 0, 2, 2, 0, 64, 32, 32]), "page size and format"],
  [44, Buffer.from([0, 0, 0, 4]), "schema format"],
  [48, Buffer.alloc(8), "cache and vacuum"],
  [56, Buffer.from([0, 0, 0, 1]), "text encoding"],
  [60, Buffer.alloc(8), "user version"],
  [68, Buffer.from([0x51, 0x75, 0x69, 0x70]), "application id"],
  [72, Buffer.alloc(20), "reserved bytes"],
];

/** SQLite takes some damage to its header for a file to be read only, or for nothing at all; here it is an error. */
export function verifyHeader(path: string): void {
  const bytes = Buffer.alloc(100);
  const file = openSync(path, "r");
  try {
    readSync(file, bytes, 0, 100, 0);
  } finally {
    closeSync(file);
  }
  for (const [at, expected, what] of header) {
    if (!bytes.subarray(at, at + expected.length).equals(expected))
      throw new StoreFailure(
        "store-corrupt",
        `${path} is not a store of Quipu, or its header is damaged (${what}). Put a backup in its place; nothing was changed or begun anew.`,
      );
  }
}

/**
 * Reads everything once: the structure of every page (SQLite's `integrity_check`, which also holds each index against
 * its table), the checksum of every row, the chain of the audit trail. Throws StoreFailure.
 */
export async function verifySqlite(database: DatabaseSync, db: Db, path: string): Promise<void> {
  const [first] = database.prepare("PRAGMA integrity_check(1)").all() as { integrity_check: string }[];
  if (first?.integrity_check !== "ok")
    throw new StoreFailure(
      "store-corrupt",
      `The store ${path} is damaged: ${first?.integrity_check}. Put a backup in its place; nothing was changed or begun anew.`,
    );
  for (const table of tableNames) {
    for (const row of database.prepare(`SELECT * FROM ${table}`).iterate()) unseal(table, row as { sum: string });
  }
  await verifyAudit(db);
}
