import type { Pod } from "../../objects/core.ts";
import type { KubeObject } from "../../objects/meta.ts";
import type { ClusterObjects } from "../controllers/cluster-objects.ts";
import { callsAnnotation } from "./addresses.ts";

/** The declared calls of the Deployment that owns a pod; a pod without one may carry the annotation itself. */
export function declaredCalls(objects: ClusterObjects, pod: Pod): string | undefined {
  const ownerOf = (object: KubeObject | undefined, kind: "ReplicaSet" | "Deployment"): KubeObject | undefined => {
    const owner = object?.metadata.ownerReferences?.find(
      (reference) => reference.controller === true && reference.kind === kind,
    );
    return owner === undefined ? undefined : objects.get(kind, pod.metadata.namespace, owner.name);
  };
  return (
    ownerOf(ownerOf(pod, "ReplicaSet"), "Deployment")?.metadata.annotations?.[callsAnnotation] ??
    pod.metadata.annotations?.[callsAnnotation]
  );
}
