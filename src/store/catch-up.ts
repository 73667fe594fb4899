import type { Base, Lane, Roster, SnapshotPart } from "../model/rows.ts";
import { withChanges, type InForce, type RowChange } from "./in-force.ts";
import { checked, type Db } from "./table.ts";

/**
 * The view as it stands at `revision`, which others may have brought about, from the rows that changed since; itself when
 * it is that already. To be read on the snapshot (or under the lock) that `revision` was read on.
 */
export async function catchUp(db: Db, view: InForce, revision: number): Promise<{ view: InForce; rows: boolean }> {
  if (view.revision === revision) return { view, rows: false };
  const byRevision = new Map<number, RowChange[]>();
  const add = (at: number, change: RowChange): void => void (byRevision.get(at) ?? place(at)).push(change);
  const place = (at: number): RowChange[] => {
    const fresh: RowChange[] = [];
    byRevision.set(at, fresh);
    return fresh;
  };
  // Snapshots aren't in the list of changes: they are there before the first row that names them, and stay.
  const snapshots = await db
    .selectFrom("in_force")
    .selectAll()
    .where("kind", "=", "Snapshot")
    .where("revision", ">", view.revision)
    .execute();
  for (const row of checked("in_force", snapshots))
    add(row.revision, { kind: "Snapshot", hash: row.name, value: JSON.parse(row.body) as SnapshotPart });
  const changes = await db
    .selectFrom("changes")
    .selectAll()
    .where("revision", ">", view.revision)
    .where("scope", "=", "row")
    .orderBy("revision")
    .orderBy("seq")
    .execute();
  for (const { revision, kind, name, body } of checked("changes", changes)) {
    const value: unknown = body === null ? null : JSON.parse(body);
    const [cluster = "", rest = ""] = name.split(/\/(.*)/s);
    if (kind === "Roster") add(revision, { kind, app: name, value: value as Roster | null });
    else if (kind === "Lane") add(revision, { kind, cluster, app: rest, value: value as Lane | null });
    else if (kind === "Base") add(revision, { kind, cluster, segment: rest, value: value as Base | null });
  }
  const caughtUp = [...byRevision]
    .toSorted(([a], [b]) => a - b)
    .reduce((sofar, [at, rows]) => withChanges(sofar, at, rows), view);
  return { view: { ...caughtUp, revision }, rows: byRevision.size > 0 };
}
