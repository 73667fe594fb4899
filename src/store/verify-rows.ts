import { sql } from "kysely";
import { unseal } from "./checksum.ts";
import { verifyAudit } from "./records-tables.ts";
import { tableNames, type Tables } from "./schema.ts";
import type { Db } from "./table.ts";

const keys: Record<keyof Tables, readonly string[]> = {
  meta: ["key"],
  objects: ["kind", "name"],
  object_clusters: ["kind", "cluster", "name"],
  changes: ["revision", "seq"],
  in_force: ["kind", "name"],
  seen: ["cluster"],
  journal: ["app", "release", "seq"],
  ledger: ["cluster", "key"],
  tokens: ["id"],
  audit: ["seq"],
  artifacts: ["digest"],
  idempotency: ["key"],
};
const batch = 1000;

/** Reads everything once, in batches: the checksum of every row, the chain of the audit trail. Throws StoreFailure. */
export async function verifyRows(db: Db): Promise<void> {
  for (const table of tableNames) {
    const columns = sql.join(keys[table].map((column) => sql.ref(column)));
    for (let last: Record<string, unknown> | undefined, more = true; more;) {
      const beyond: Record<string, unknown> | undefined = last;
      const after =
        beyond === undefined ? sql`` : sql`where (${columns}) > (${sql.join(keys[table].map((key) => beyond[key]))})`;
      const { rows } = await sql<{ sum: string }>`
        select * from ${sql.table(table)} ${after} order by ${columns} limit ${sql.lit(batch)}`.execute(db);
      for (const row of rows) unseal(table, row);
      last = rows.at(-1);
      more = rows.length === batch;
    }
  }
  await verifyAudit(db);
}
