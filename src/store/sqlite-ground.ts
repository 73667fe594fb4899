import type { Kysely } from "kysely";
import type { Ground } from "./ground.ts";
import type { Tables } from "./schema.ts";

/** One process holds the file, and Kysely has one connection to it: transactions follow one another by themselves, and nobody else can have written. */
export function sqliteGround(db: Kysely<Tables>): Ground {
  const transaction: Ground["write"] = (work) => db.transaction().execute(work);
  return {
    db,
    text: "text",
    read: transaction,
    write: transaction,
    note: transaction,
    announce: () => Promise.resolve(),
    listen: () => undefined,
    close: () => db.destroy(),
  };
}
