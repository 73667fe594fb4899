/** What the worker remembers of an object in a cluster: enough to see a change, small enough for thousands of them. */
import type { KubeObject, ObjectMeta } from "../objects/meta.ts";
import { hashOwned, ownedFields } from "./owned-fields.ts";
import { fieldManager, rowRevisionAnnotation } from "./stamp.ts";

export interface LiveView extends KubeObject {
  /** Hash of our fields with their values. */
  owned: string;
  /** Why pods can't be made at all (quota, an admission webhook), of a Deployment. */
  failure?: string;
  /** `spec.replicas` is ours, of a Deployment. */
  holdsReplicas?: true;
}

/** For a reflector's `keep`. */
export function liveView(object: KubeObject): LiveView {
  const { name, namespace, uid, resourceVersion, deletionTimestamp, labels, annotations } = object.metadata;
  const metadata: ObjectMeta = { name };
  if (namespace !== undefined) metadata.namespace = namespace;
  if (uid !== undefined) metadata.uid = uid;
  if (resourceVersion !== undefined) metadata.resourceVersion = resourceVersion;
  if (deletionTimestamp !== undefined) metadata.deletionTimestamp = deletionTimestamp;
  const revision = annotations?.[rowRevisionAnnotation];
  if (revision !== undefined) metadata.annotations = { [rowRevisionAnnotation]: revision };
  const owned = ownedFields(object, fieldManager);
  const view: LiveView = { apiVersion: object.apiVersion, kind: object.kind, metadata, owned: hashOwned(owned) };
  if (object.kind === "Deployment") {
    if (owned.has(".spec.replicas")) view.holdsReplicas = true;
    if (labels) metadata.labels = labels;
    const failure = (
      object.status as
        | { conditions?: { type: string; status: string; message?: string; reason?: string }[] }
        | undefined
    )?.conditions?.find(({ type, status }) => type === "ReplicaFailure" && status === "True");
    if (failure) view.failure = failure.message ?? failure.reason ?? "ReplicaFailure";
  }
  return view;
}

/** True when `a` is certainly an older version than `b`. Versions are compared as numbers (Kubernetes 1.35 and later promise that they can be); others are never older. */
export function isOlder(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined || !/^\d+$/.test(a) || !/^\d+$/.test(b)) return false;
  return BigInt(a) < BigInt(b);
}
