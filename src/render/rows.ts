import type { Base, Hash, Lane, Roster, SnapshotPart } from "../model/rows.ts";

/** A row with the store revision at which it was written. */
export interface Row<T> {
  readonly revision: number;
  readonly value: T;
}

/** All that rendering reads: what is in force at one revision. The store's own view has this shape. */
export interface InForceRows {
  readonly revision: number;
  /** By app. */
  readonly rosters: ReadonlyMap<string, Row<Roster>>;
  /** By cluster, then app. */
  readonly lanes: ReadonlyMap<string, ReadonlyMap<string, Row<Lane>>>;
  /** By cluster, then segment. */
  readonly bases: ReadonlyMap<string, ReadonlyMap<string, Row<Base>>>;
  readonly snapshots: ReadonlyMap<Hash, SnapshotPart>;
}

/** Who names whom in the Rosters: found once for each set of Rosters, and shared by every cluster. All lists are sorted. */
export interface RosterIndex {
  /** Callee → apps with an edge to it, whatever its stage. */
  readonly callers: ReadonlyMap<string, readonly string[]>;
  /** Host → apps that are exposed on it. */
  readonly exposers: ReadonlyMap<string, readonly string[]>;
  /** `segment/host` → apps that call the outside host. */
  readonly outsideCallers: ReadonlyMap<string, readonly string[]>;
}

const indices = new WeakMap<ReadonlyMap<string, Row<Roster>>, RosterIndex>();

/** Views share the map of Rosters as long as none changed, so that the index is made once for all of them. */
export function rosterIndex(rows: InForceRows): RosterIndex {
  const known = indices.get(rows.rosters);
  if (known !== undefined) return known;
  const callers = new Map<string, string[]>();
  const exposers = new Map<string, string[]>();
  const outsideCallers = new Map<string, string[]>();
  const add = (map: Map<string, string[]>, key: string, app: string) => {
    const list = map.get(key);
    if (list === undefined) map.set(key, [app]);
    else if (list.at(-1) !== app) list.push(app);
  };
  for (const app of [...rows.rosters.keys()].toSorted()) {
    const { segment, edges, hosts, outside } = rows.rosters.get(app)!.value;
    for (const callee of Object.keys(edges)) add(callers, callee, app);
    for (const { host } of hosts) add(exposers, host, app);
    for (const { host } of outside) add(outsideCallers, `${segment}/${host}`, app);
  }
  const index = { callers, exposers, outsideCallers };
  indices.set(rows.rosters, index);
  return index;
}
