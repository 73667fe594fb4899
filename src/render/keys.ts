import type { Lane, Roster } from "../model/rows.ts";
import { allowNothing, rootNamespace, systemNamespace } from "./names.ts";
import { objectKey, type ObjectKey } from "./object-key.ts";
import type { InForceRows } from "./rows.ts";

/** Name of the ConfigMap with an app's rate limits, beside the rate-limit service. */
export function rateLimitConfigName(app: string): string {
  return `ratelimit-${app}`;
}

/** Keys of an app's own objects, of those of its callees and hosts that speak of it aside. Some may turn out not to exist. */
export function appKeys({ app, segment }: Pick<Roster, "app" | "segment">, lane: Lane): ObjectKey[] {
  const shared = [
    objectKey("Service", segment, app),
    objectKey("DestinationRule", segment, app),
    objectKey("VirtualService", segment, app),
  ];
  if (lane.kind === "reach") return shared;
  return [
    ...shared,
    ...Object.keys(lane.live).flatMap((revision) => [
      objectKey("Deployment", segment, `${app}-${revision}`),
      objectKey("HorizontalPodAutoscaler", segment, `${app}-${revision}`),
    ]),
    objectKey("PodDisruptionBudget", segment, app),
    objectKey("ServiceAccount", segment, app),
    objectKey("AuthorizationPolicy", segment, app),
    objectKey("RequestAuthentication", segment, app),
    objectKey("Sidecar", segment, app),
    objectKey("EnvoyFilter", segment, app),
    objectKey("ConfigMap", systemNamespace, rateLimitConfigName(app)),
  ];
}

export function segmentKeys(segment: string): ObjectKey[] {
  return [
    objectKey("Namespace", "", segment),
    objectKey("PeerAuthentication", segment, "default"),
    objectKey("AuthorizationPolicy", segment, allowNothing),
  ];
}

export function hostKeys(host: string): ObjectKey[] {
  return [objectKey("Gateway", rootNamespace, host), objectKey("VirtualService", rootNamespace, host)];
}

export function outsideKey(segment: string, host: string): ObjectKey {
  return objectKey("ServiceEntry", segment, host);
}

/** Every key that may have an object in the cluster, sorted. `render` says which do. */
export function objectKeys(cluster: string, rows: InForceRows): ObjectKey[] {
  const keys = new Set<ObjectKey>();
  const add = (more: Iterable<ObjectKey>) => {
    for (const key of more) keys.add(key);
  };
  for (const segment of rows.bases.get(cluster)?.keys() ?? []) add(segmentKeys(segment));
  for (const [app, { value: lane }] of rows.lanes.get(cluster) ?? []) {
    const roster = rows.rosters.get(app)?.value;
    if (roster === undefined) continue;
    add(appKeys(roster, lane));
    for (const { host } of roster.hosts) add(hostKeys(host));
    if (lane.kind === "home") for (const { host } of roster.outside) add([outsideKey(roster.segment, host)]);
  }
  return [...keys].toSorted();
}

/** A row by what names it. */
export type RowName =
  | { kind: "Roster"; app: string }
  | { kind: "Lane"; app: string; cluster: string }
  | { kind: "Base"; segment: string; cluster: string };

/**
 * Keys whose object in the cluster may change with a row. To be asked of the rows before and after the change, for what
 * the row no longer names must be redone too.
 */
export function affected(cluster: string, changed: RowName, rows: InForceRows): ObjectKey[] {
  if (changed.kind === "Base") return changed.cluster === cluster ? segmentKeys(changed.segment) : [];
  const here = rows.lanes.get(cluster);
  const roster = rows.rosters.get(changed.app)?.value;
  if (roster === undefined) return [];
  const lane = here?.get(changed.app)?.value;
  const own =
    lane === undefined ? [] : [...appKeys(roster, lane), ...roster.hosts.flatMap(({ host }) => hostKeys(host))];
  const outside = roster.outside.map(({ host }) => outsideKey(roster.segment, host));
  const callees = Object.keys(roster.edges).flatMap((callee) => {
    const segment = here?.has(callee) === true ? rows.rosters.get(callee)?.value.segment : undefined;
    return segment === undefined
      ? []
      : [objectKey("VirtualService", segment, callee), objectKey("AuthorizationPolicy", segment, callee)];
  });
  if (changed.kind === "Roster") return [...new Set([...own, ...outside, ...callees])];
  if (changed.cluster === cluster) return [...new Set([...own, ...outside, ...callees])];
  // Another cluster's lane matters here only as the lead of a reach lane.
  return lane?.kind === "reach" && lane.lead === changed.cluster ? own : [];
}

/** Rows that differ between two views, found by the identity of rows and maps, which an unchanged row keeps. */
export function changedRows(before: InForceRows, after: InForceRows): RowName[] {
  const changed: RowName[] = [];
  for (const app of differing(before.rosters, after.rosters)) changed.push({ kind: "Roster", app });
  for (const cluster of differing(before.lanes, after.lanes)) {
    for (const app of differing(before.lanes.get(cluster), after.lanes.get(cluster)))
      changed.push({ kind: "Lane", app, cluster });
  }
  for (const cluster of differing(before.bases, after.bases)) {
    for (const segment of differing(before.bases.get(cluster), after.bases.get(cluster)))
      changed.push({ kind: "Base", segment, cluster });
  }
  return changed;
}

function* differing<T>(
  before: ReadonlyMap<string, T> | undefined,
  after: ReadonlyMap<string, T> | undefined,
): Generator<string> {
  if (before === after) return;
  for (const [key, value] of after ?? []) if (before?.get(key) !== value) yield key;
  for (const key of before?.keys() ?? []) if (after?.has(key) !== true) yield key;
}
