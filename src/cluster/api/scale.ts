import type { Deployment } from "../../objects/core.ts";
import type { Kind } from "../../objects/kinds.ts";
import type { KubeObject } from "../../objects/meta.ts";
import { badRequest, notFound } from "./api-error.ts";
import { jsonPatch } from "./json-patch.ts";
import { mergePatch } from "./merge-patch.ts";
import type { ObjectStore, WriteOptions } from "./object-store.ts";

type Scale = KubeObject<{ replicas?: number }, { replicas: number; selector: string }>;

/** The `scale` subresource of a Deployment or ReplicaSet (autoscaling/v1 Scale). */
export function readScale(store: ObjectStore, kind: Kind, namespace: string, name: string): Scale {
  const object = store.get<Deployment>(kind, namespace, name);
  if (object === undefined) throw notFound(kind, name);
  const { uid, resourceVersion, creationTimestamp } = object.metadata;
  return {
    apiVersion: "autoscaling/v1",
    kind: "Scale",
    metadata: { name, namespace, uid: uid!, resourceVersion: resourceVersion!, creationTimestamp: creationTimestamp! },
    spec: { replicas: object.spec?.replicas ?? 1 },
    status: {
      replicas: object.status?.replicas ?? 0,
      selector: Object.entries(object.spec?.selector.matchLabels ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .join(","),
    },
  };
}

/** `change`: a whole Scale, or a patch of one. @throws ApiError 409 when its resourceVersion isn't the object's. */
export function writeScale(
  store: ObjectStore,
  kind: Kind,
  namespace: string,
  name: string,
  change: { type: "replace" | "merge" | "json"; value: unknown },
  options: WriteOptions,
): Scale {
  const before = readScale(store, kind, namespace, name);
  const next = (
    change.type === "replace"
      ? change.value
      : change.type === "json"
        ? jsonPatch(before, change.value)
        : mergePatch(before, change.value)
  ) as Scale;
  const replicas = next?.spec?.replicas ?? 0;
  if (!Number.isInteger(replicas) || replicas < 0)
    throw badRequest(`spec.replicas: Invalid value: ${JSON.stringify(replicas)}: must be a whole number, 0 or more`);
  const resourceVersion = next.metadata?.resourceVersion;
  store.patch(
    kind,
    namespace,
    name,
    { type: "merge", patch: { spec: { replicas }, ...(resourceVersion ? { metadata: { resourceVersion } } : {}) } },
    { ...options, subresource: "scale" },
  );
  return readScale(store, kind, namespace, name);
}
