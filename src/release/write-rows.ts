import type { Lane, Roster } from "../model/rows.ts";
import type { Rows, RowWrites } from "../rollout/plan.ts";
import type { InForce } from "../store/in-force.ts";
import type { WriteTx } from "../store/store.ts";

/** What a release of `app` may look at and change, out of everything in force. */
export function rowsFor(app: string, view: InForce): Rows {
  const lanes = new Map<string, Lane>();
  for (const [cluster, apps] of view.lanes) {
    const lane = apps.get(app)?.value;
    if (lane !== undefined) lanes.set(cluster, lane);
  }
  const bases = new Map<string, string>();
  for (const [cluster, segments] of view.bases)
    for (const [segment, row] of segments) bases.set(`${cluster}/${segment}`, row.value.snapshot);
  return {
    lanes,
    bases,
    rosters: new Map([...view.rosters].map(([name, row]): [string, Roster] => [name, row.value])),
  };
}

export async function writeRows(tx: WriteTx, app: string, writes: RowWrites): Promise<void> {
  for (const base of writes.bases) await tx.putBase(base);
  for (const roster of writes.rosters) await tx.putRoster(roster);
  for (const lane of writes.lanes) await tx.putLane(lane);
  for (const cluster of writes.deleteLanes) await tx.deleteLane(app, cluster);
  if (writes.deleteRoster) await tx.deleteRoster(app);
}
