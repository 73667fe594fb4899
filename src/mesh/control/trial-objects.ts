import type { EndpointSlice, Pod } from "../../objects/core.ts";
import type { DestinationRule } from "../../objects/istio.ts";
import { matchesLabels, type KubeObject } from "../../objects/meta.ts";
import { objectId } from "./object-feed.ts";

/** By `Kind/namespace/name`. */
export type Objects = ReadonlyMap<string, KubeObject>;
type Endpoint = EndpointSlice["endpoints"][number];

/** Endpoints that nothing tells apart count as these many: one to meet, one to try again. */
const mostAlike = 2;
/** Older objects win where Istio has to choose; what isn't there yet is the newest. */
const notYet = "9999-12-31T23:59:59Z";

/** The objects as they would be with these put and removed; what the API filled in stays. */
export function laidOver(
  objects: Objects,
  put: readonly KubeObject[],
  remove: readonly { kind: string; namespace: string; name: string }[],
): Objects {
  const result = new Map(objects);
  for (const { kind, namespace, name } of remove) result.delete(`${kind}/${namespace}/${name}`);
  for (const object of put) {
    const there = objects.get(objectId(object));
    const created = there?.metadata.creationTimestamp ?? notYet;
    const spec = object.kind === "Service" ? { spec: { ...(there?.spec as object), ...(object.spec as object) } } : {};
    result.set(objectId(object), { ...object, ...spec, metadata: { ...object.metadata, creationTimestamp: created } });
  }
  return result;
}

/**
 * The objects that a trial compiles. Of endpoints whose pods have the same labels, node and identity only two are kept,
 * connected ones first, and pods that only left-out endpoints name are left out. A subset (of a DestinationRule) without
 * any endpoint gets its Service's present ones as stand-ins, with the subset's labels laid over those of their pods:
 * what a trial shows is what rules do, not that pods of a revision to come aren't there yet.
 */
export function trialObjects(objects: Objects, isConnected: (address: string) => boolean): Objects {
  const result = new Map<string, KubeObject>();
  /** `namespace/name` of a Service → its kept endpoints. */
  const kept = new Map<string, { slice: EndpointSlice; endpoint: Endpoint; pod: Pod | undefined }[]>();
  const needed = new Set<string>();
  const spared = new Set<string>();
  for (const [id, object] of objects) {
    if (object.kind !== "EndpointSlice") continue;
    const slice = object as EndpointSlice;
    const service = `${slice.metadata.namespace ?? ""}/${slice.metadata.labels?.["kubernetes.io/service-name"] ?? ""}`;
    const alike = new Map<string, Endpoint[]>();
    // An API server sends null for empty lists here.
    for (const endpoint of (slice.endpoints as Endpoint[] | null) ?? []) {
      if (endpoint.conditions?.ready === false) continue;
      const key = likeness(endpoint, podOf(objects, slice, endpoint));
      alike.set(key, [...(alike.get(key) ?? []), endpoint]);
    }
    const endpoints = [...alike.values()].flatMap((group) =>
      group.toSorted((a, b) => Number(known(b)) - Number(known(a))).slice(0, mostAlike),
    );
    result.set(id, { ...slice, endpoints } as KubeObject);
    for (const endpoint of endpoints) {
      const pod = podOf(objects, slice, endpoint);
      if (pod !== undefined) needed.add(objectId(pod));
      kept.set(service, [...(kept.get(service) ?? []), { slice, endpoint, pod }]);
    }
    for (const endpoint of (slice.endpoints as Endpoint[] | null) ?? [])
      if (endpoint.targetRef?.kind === "Pod") spared.add(podId(slice, endpoint.targetRef));
  }
  function known({ addresses }: Endpoint): boolean {
    return isConnected(addresses[0] ?? "");
  }
  for (const [id, object] of objects) {
    if (object.kind === "EndpointSlice" || (object.kind === "Pod" && spared.has(id) && !needed.has(id))) continue;
    result.set(id, object);
    if (object.kind !== "DestinationRule") continue;
    const { spec, metadata } = object as DestinationRule;
    const [name = "", namespace = metadata.namespace ?? ""] = (spec?.host ?? "").split(".");
    const present = kept.get(`${namespace}/${name}`) ?? [];
    for (const { name: subset, labels = {} } of spec?.subsets ?? []) {
      if (present.some(({ pod }) => matchesLabels(labels, pod?.metadata.labels))) continue;
      for (const standIn of present.flatMap((entry, index) => standIns(entry, `${subset}-${index}`, labels)))
        result.set(objectId(standIn), standIn);
    }
  }
  return result;
}

/** A pod and a slice of its own, at the same address. */
function standIns(
  { slice, endpoint, pod }: { slice: EndpointSlice; endpoint: Endpoint; pod: Pod | undefined },
  suffix: string,
  labels: Readonly<Record<string, string>>,
): KubeObject[] {
  if (pod === undefined) return [];
  const name = `${pod.metadata.name}-stands-in-for-${suffix}`;
  const targetRef = { ...endpoint.targetRef, kind: "Pod", name, namespace: pod.metadata.namespace };
  return [
    { ...pod, metadata: { ...pod.metadata, name, labels: { ...pod.metadata.labels, ...labels } } },
    { ...slice, metadata: { ...slice.metadata, name }, endpoints: [{ ...endpoint, targetRef }] } as KubeObject,
  ];
}

/** What two endpoints must have in common to behave alike for callers. */
function likeness(endpoint: Endpoint, pod: Pod | undefined): string {
  if (pod === undefined) return JSON.stringify([endpoint.addresses]);
  const { "pod-template-hash": _, ...labels } = pod.metadata.labels ?? {};
  return JSON.stringify([
    Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    pod.spec?.nodeName,
    pod.spec?.serviceAccountName,
    endpoint.zone,
  ]);
}

function podOf(objects: Objects, slice: EndpointSlice, { targetRef }: Endpoint): Pod | undefined {
  return targetRef?.kind === "Pod" ? (objects.get(podId(slice, targetRef)) as Pod | undefined) : undefined;
}
function podId(slice: EndpointSlice, { namespace, name }: { namespace?: string; name?: string }): string {
  return `Pod/${namespace ?? slice.metadata.namespace ?? ""}/${name ?? ""}`;
}
