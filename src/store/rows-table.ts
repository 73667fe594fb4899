import { checked, upsert, type Db } from "./table.ts";
import { nothingInForce, withChanges, type InForce, type RowChange } from "./in-force.ts";
import type { Base, Lane, Roster, Seen, SnapshotPart } from "../model/rows.ts";

/** Names of rows in the table and in the list of changes: `bogota/checkout` for a Lane, `bogota/money` for a Base. */
export function rowName(change: RowChange): string {
  switch (change.kind) {
    case "Snapshot":
      return change.hash;
    case "Roster":
      return change.app;
    case "Lane":
      return `${change.cluster}/${change.app}`;
    case "Base":
      return `${change.cluster}/${change.segment}`;
  }
}

/** Everything in force, each row with the revision at which it was written. */
export async function readInForce(db: Db, revision: number): Promise<InForce> {
  const rows = checked("in_force", await db.selectFrom("in_force").selectAll().orderBy("revision").execute());
  let view: InForce = { ...nothingInForce, revision };
  let batch: RowChange[] = [];
  for (const [at, row] of rows.entries()) {
    const value = JSON.parse(row.body) as unknown;
    if (row.kind === "Snapshot") batch.push({ kind: "Snapshot", hash: row.name, value: value as SnapshotPart });
    else if (row.kind === "Roster") batch.push({ kind: "Roster", app: row.name, value: value as Roster });
    else if (row.kind === "Lane")
      batch.push({ kind: "Lane", app: (value as Lane).app, cluster: (value as Lane).cluster, value: value as Lane });
    else
      batch.push({
        kind: "Base",
        segment: (value as Base).segment,
        cluster: (value as Base).cluster,
        value: value as Base,
      });
    if (rows[at + 1]?.revision !== row.revision) {
      view = { ...withChanges(view, row.revision, batch), revision };
      batch = [];
    }
  }
  return view;
}

export async function writeRow(db: Db, change: RowChange, revision: number): Promise<void> {
  const name = rowName(change);
  if (change.value === null)
    await db.deleteFrom("in_force").where("kind", "=", change.kind).where("name", "=", name).execute();
  else
    await upsert(db, "in_force", ["kind", "name"], {
      kind: change.kind,
      name,
      revision,
      body: JSON.stringify(change.value),
    });
}

/** Of one cluster, or of all. */
export async function readSeen(db: Db, cluster?: string): Promise<Map<string, Seen>> {
  const query = db.selectFrom("seen").selectAll();
  const rows = checked("seen", await (cluster === undefined ? query : query.where("cluster", "=", cluster)).execute());
  return new Map(rows.map((row) => [row.cluster, JSON.parse(row.body) as Seen]));
}

export async function writeSeen(db: Db, seen: Seen): Promise<void> {
  await upsert(db, "seen", ["cluster"], { cluster: seen.cluster, body: JSON.stringify(seen) });
}
