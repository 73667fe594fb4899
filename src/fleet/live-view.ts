/** What the worker remembers of an object in a cluster: enough to see a change, small enough for thousands of them. */
import type { KubeObject, ObjectMeta } from "../objects/meta.ts";
import { objectProblem } from "./object-health.ts";
import { appOf } from "./owner.ts";
import { hashOwned, ownedFields } from "./owned-fields.ts";
import { fieldManager, rowRevisionAnnotation } from "./stamp.ts";

export interface LiveView extends KubeObject {
  /** Hash of our fields with their values. */
  owned: string;
  /** Why pods can't be made at all (quota, an admission webhook), of a Deployment. */
  failure?: string;
  /** `spec.replicas` is ours, of a Deployment. */
  holdsReplicas?: true;
  /** `spec.replicas`, of a Deployment. */
  replicas?: number;
  /** What its own status says is wrong, and whose it is. */
  problem?: { text: string; app?: string };
}

/** For a reflector's `keep`. */
export function liveView(object: KubeObject): LiveView {
  const { name, namespace, uid, resourceVersion, deletionTimestamp, labels, annotations } = object.metadata;
  const metadata: ObjectMeta = { name };
  if (namespace !== undefined) metadata.namespace = namespace;
  if (uid !== undefined) metadata.uid = uid;
  if (resourceVersion !== undefined) metadata.resourceVersion = resourceVersion;
  if (deletionTimestamp !== undefined) metadata.deletionTimestamp = deletionTimestamp;
  const owned = ownedFields(object, fieldManager);
  const revision = annotations?.[rowRevisionAnnotation];
  // Only as a worker left it: whoever writes one by hand holds the field from then on, and knows no later rows.
  if (revision !== undefined && owned.has(`.metadata.annotations.${rowRevisionAnnotation}`))
    metadata.annotations = { [rowRevisionAnnotation]: revision };
  const view: LiveView = { apiVersion: object.apiVersion, kind: object.kind, metadata, owned: hashOwned(owned) };
  const problem = objectProblem(object);
  if (problem !== undefined) {
    const app = appOf(object);
    view.problem = { text: problem, ...(app !== undefined && { app }) };
  }
  if (object.kind === "Deployment") {
    if (owned.has(".spec.replicas")) view.holdsReplicas = true;
    const { replicas } = (object.spec ?? {}) as { replicas?: number };
    if (replicas !== undefined) view.replicas = replicas;
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
