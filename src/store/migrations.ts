import type { Ground } from "./ground.ts";
import { readMeta, writeMeta } from "./meta-table.ts";
import { StoreFailure } from "./store-error.ts";
import type { Db } from "./table.ts";

export interface Migration {
  readonly version: number;
  up(db: Db, text: Ground["text"]): Promise<void>;
}

/** In order; a version, once released, is never edited. One description for all databases: only the type of texts differs. */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    async up(db, text) {
      const { schema } = db;
      await schema
        .createTable("meta")
        .addColumn("key", text, (c) => c.primaryKey())
        .addColumn("value", text, (c) => c.notNull())
        .addColumn("sum", text, (c) => c.notNull())
        .execute();
      await schema
        .createTable("objects")
        .addColumn("kind", text, (c) => c.notNull())
        .addColumn("name", text, (c) => c.notNull())
        .addColumn("revision", "bigint", (c) => c.notNull())
        .addColumn("generation", "bigint", (c) => c.notNull())
        .addColumn("created", "bigint", (c) => c.notNull())
        .addColumn("updated", "bigint", (c) => c.notNull())
        .addColumn("team", text, (c) => c.notNull())
        .addColumn("segment", text, (c) => c.notNull())
        .addColumn("owner", text, (c) => c.notNull())
        .addColumn("search", text, (c) => c.notNull())
        .addColumn("spec_hash", text, (c) => c.notNull())
        .addColumn("body", text, (c) => c.notNull())
        .addColumn("sum", text, (c) => c.notNull())
        .addPrimaryKeyConstraint("objects_pk", ["kind", "name"])
        .execute();
      for (const column of ["team", "segment", "owner", "updated"] as const)
        await schema.createIndex(`objects_${column}`).on("objects").columns(["kind", column, "name"]).execute();
      await schema
        .createTable("object_clusters")
        .addColumn("kind", text, (c) => c.notNull())
        .addColumn("name", text, (c) => c.notNull())
        .addColumn("cluster", text, (c) => c.notNull())
        .addColumn("sum", text, (c) => c.notNull())
        .addPrimaryKeyConstraint("object_clusters_pk", ["kind", "cluster", "name"])
        .execute();
      await schema.createIndex("object_clusters_name").on("object_clusters").columns(["kind", "name"]).execute();
      await schema
        .createTable("changes")
        .addColumn("revision", "bigint", (c) => c.notNull())
        .addColumn("seq", "integer", (c) => c.notNull())
        .addColumn("scope", text, (c) => c.notNull())
        .addColumn("kind", text, (c) => c.notNull())
        .addColumn("name", text, (c) => c.notNull())
        .addColumn("at", "bigint", (c) => c.notNull())
        .addColumn("body", text)
        .addColumn("sum", text, (c) => c.notNull())
        .addPrimaryKeyConstraint("changes_pk", ["revision", "seq"])
        .execute();
      await schema.createIndex("changes_object").on("changes").columns(["kind", "name", "revision"]).execute();
      await schema
        .createTable("in_force")
        .addColumn("kind", text, (c) => c.notNull())
        .addColumn("name", text, (c) => c.notNull())
        .addColumn("revision", "bigint", (c) => c.notNull())
        .addColumn("body", text, (c) => c.notNull())
        .addColumn("sum", text, (c) => c.notNull())
        .addPrimaryKeyConstraint("in_force_pk", ["kind", "name"])
        .execute();
      await schema
        .createTable("seen")
        .addColumn("cluster", text, (c) => c.primaryKey())
        .addColumn("body", text, (c) => c.notNull())
        .addColumn("sum", text, (c) => c.notNull())
        .execute();
      await schema
        .createTable("journal")
        .addColumn("app", text, (c) => c.notNull())
        .addColumn("release", "integer", (c) => c.notNull())
        .addColumn("seq", "integer", (c) => c.notNull())
        .addColumn("at", "bigint", (c) => c.notNull())
        .addColumn("revision", "bigint", (c) => c.notNull())
        .addColumn("action", text, (c) => c.notNull())
        .addColumn("body", text, (c) => c.notNull())
        .addColumn("sum", text, (c) => c.notNull())
        .addPrimaryKeyConstraint("journal_pk", ["app", "release", "seq"])
        .execute();
      await schema
        .createTable("ledger")
        .addColumn("cluster", text, (c) => c.notNull())
        .addColumn("key", text, (c) => c.notNull())
        .addColumn("revision", "bigint", (c) => c.notNull())
        .addColumn("hash", text, (c) => c.notNull())
        .addColumn("sum", text, (c) => c.notNull())
        .addPrimaryKeyConstraint("ledger_pk", ["cluster", "key"])
        .execute();
      await schema
        .createTable("tokens")
        .addColumn("id", text, (c) => c.primaryKey())
        .addColumn("hash", text, (c) => c.notNull().unique())
        .addColumn("subject", text, (c) => c.notNull())
        .addColumn("kind", text, (c) => c.notNull())
        .addColumn("grants", text, (c) => c.notNull())
        .addColumn("created", "bigint", (c) => c.notNull())
        .addColumn("expires", "bigint")
        .addColumn("used", "bigint")
        .addColumn("sum", text, (c) => c.notNull())
        .execute();
      await schema
        .createTable("audit")
        .addColumn("seq", "integer", (c) => c.primaryKey())
        .addColumn("at", "bigint", (c) => c.notNull())
        .addColumn("who", text, (c) => c.notNull())
        .addColumn("what", text, (c) => c.notNull())
        .addColumn("subject", text, (c) => c.notNull())
        .addColumn("body", text, (c) => c.notNull())
        .addColumn("previous", text, (c) => c.notNull())
        .addColumn("hash", text, (c) => c.notNull())
        .addColumn("sum", text, (c) => c.notNull())
        .execute();
      await schema.createIndex("audit_subject").on("audit").columns(["subject", "seq"]).execute();
      await schema
        .createTable("artifacts")
        .addColumn("digest", text, (c) => c.primaryKey())
        .addColumn("size", "bigint", (c) => c.notNull())
        .addColumn("app", text, (c) => c.notNull())
        .addColumn("created", "bigint", (c) => c.notNull())
        .addColumn("who", text, (c) => c.notNull())
        .addColumn("sum", text, (c) => c.notNull())
        .execute();
      await schema
        .createTable("idempotency")
        .addColumn("key", text, (c) => c.primaryKey())
        .addColumn("request_hash", text, (c) => c.notNull())
        .addColumn("status", "integer", (c) => c.notNull())
        .addColumn("body", text, (c) => c.notNull())
        .addColumn("created", "bigint", (c) => c.notNull())
        .addColumn("sum", text, (c) => c.notNull())
        .execute();
    },
  },
  {
    // Whoever shares a database with others reads what they put in force since.
    version: 2,
    async up(db) {
      await db.schema.createIndex("in_force_revision").on("in_force").columns(["kind", "revision"]).execute();
    },
  },
];

/** Brings the schema up to date, each version in one transaction; of several processes that start at once, one does it. */
export async function migrate(ground: Ground): Promise<void> {
  for (const { version, up } of migrations)
    await ground.write(async (trx) => {
      const found = await schemaOf(trx);
      if (found >= version) return;
      await up(trx, ground.text);
      await writeMeta(trx, "schema", String(version));
    });
}

/** Where databases have schemas, our tables live in one of their own. */
export const ourSchema = "quipu";

/** The version that the tables have; 0: there are none. Throws StoreFailure when a newer Quipu wrote them. */
export async function schemaOf(db: Db): Promise<number> {
  const tables = await db.introspection.getTables();
  if (!tables.some(({ name, schema = ourSchema }) => name === "meta" && schema === ourSchema)) return 0;
  const found = Number((await readMeta(db)).get("schema") ?? 0);
  refuseNewer(found);
  return found;
}

export function refuseNewer(found: number): void {
  const newest = migrations.at(-1)!.version;
  if (found > newest)
    throw new StoreFailure(
      "store-newer",
      `The store was written by a newer Quipu (schema ${found}; this one knows ${newest}). Use that version.`,
    );
}
