import type { Lane, Snapshot } from "../../src/model/rows.ts";
import type { InForceRows } from "../../src/render/rows.ts";
import type { Store } from "../../src/store/store.ts";
import { cluster } from "./apps.ts";

/** Rows that an edit writes. */
export interface Edit {
  snapshots: Snapshot[];
  lanes: Lane[];
}

/** Everything in one transaction. */
export async function fill(store: Pick<Store, "write">, rows: InForceRows): Promise<void> {
  await store.write(async (tx) => {
    for (const [hash, content] of rows.snapshots) await tx.putSnapshot({ hash, content });
    for (const { value } of rows.rosters.values()) await tx.putRoster(value);
    for (const segments of rows.bases.values()) for (const { value } of segments.values()) await tx.putBase(value);
    for (const { value } of rows.lanes.get(cluster)!.values()) await tx.putLane(value);
  });
}

/** What leads from one to the other, where no Roster and no Base differs. */
export function editBetween(before: InForceRows, after: InForceRows): Edit {
  const known = before.lanes.get(cluster)!;
  const lanes = [...after.lanes.get(cluster)!].flatMap(([app, { value }]) =>
    JSON.stringify(known.get(app)?.value) === JSON.stringify(value) ? [] : [value],
  );
  const snapshots = [...after.snapshots].flatMap(([hash, content]) =>
    before.snapshots.has(hash) ? [] : [{ hash, content }],
  );
  return { snapshots, lanes };
}
