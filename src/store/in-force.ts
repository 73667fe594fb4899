import type { Base, Hash, HomeLane, Lane, Roster, SnapshotPart } from "../model/rows.ts";

/** A row with the store revision at which it was written. */
export interface Row<T> {
  readonly revision: number;
  readonly value: T;
}

/** Everything that is in force at one revision. Never changed in place: a write makes a new view that shares what it left alone. */
export interface InForce {
  readonly revision: number;
  /** By app. */
  readonly rosters: ReadonlyMap<string, Row<Roster>>;
  /** By cluster, then app. */
  readonly lanes: ReadonlyMap<string, ReadonlyMap<string, Row<Lane>>>;
  /** By cluster, then segment. */
  readonly bases: ReadonlyMap<string, ReadonlyMap<string, Row<Base>>>;
  readonly snapshots: ReadonlyMap<Hash, SnapshotPart>;
}

export const nothingInForce: InForce = Object.freeze({
  revision: 0,
  rosters: new Map(),
  lanes: new Map(),
  bases: new Map(),
  snapshots: new Map(),
});

export type RowChange =
  | { kind: "Roster"; app: string; value: Roster | null }
  | { kind: "Lane"; app: string; cluster: string; value: Lane | null }
  | { kind: "Base"; segment: string; cluster: string; value: Base | null }
  | { kind: "Snapshot"; hash: Hash; value: SnapshotPart };

/** Where an app is at home, by cluster. */
export function homesOf(app: string, view: Pick<InForce, "lanes">): Map<string, HomeLane> {
  const homes = new Map<string, HomeLane>();
  for (const [cluster, apps] of view.lanes) {
    const lane = apps.get(app)?.value;
    if (lane?.kind === "home") homes.set(cluster, lane);
  }
  return homes;
}

/** The view after the changes of one transaction. Only the maps that they touch are copied. */
export function withChanges(view: InForce, revision: number, changes: readonly RowChange[]): InForce {
  let { rosters, snapshots } = view;
  const lanes = new Map(view.lanes);
  const bases = new Map(view.bases);
  const copied = new Set<unknown>();
  const own = <K, V>(map: ReadonlyMap<K, V> | undefined): Map<K, V> => {
    if (map !== undefined && copied.has(map)) return map as Map<K, V>;
    const copy = new Map(map);
    copied.add(copy);
    return copy;
  };
  const place = <V>(map: Map<string, V>, key: string, value: V | null): void => {
    if (value === null) map.delete(key);
    else map.set(key, value);
  };
  for (const change of changes) {
    if (change.kind === "Snapshot") {
      snapshots = own(snapshots);
      (snapshots as Map<Hash, SnapshotPart>).set(change.hash, change.value);
    } else if (change.kind === "Roster") {
      rosters = own(rosters);
      place(rosters as Map<string, Row<Roster>>, change.app, change.value && { revision, value: change.value });
    } else if (change.kind === "Lane") {
      const there = own(lanes.get(change.cluster));
      place(there, change.app, change.value && { revision, value: change.value });
      lanes.set(change.cluster, there);
    } else {
      const there = own(bases.get(change.cluster));
      place(there, change.segment, change.value && { revision, value: change.value });
      bases.set(change.cluster, there);
    }
  }
  return { revision, rosters, lanes, bases, snapshots };
}
