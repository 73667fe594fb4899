import type { Pod, ReplicaSet } from "../../objects/core.ts";
import { availableAt, isFinished, isReady, isTerminating } from "./pod-state.ts";

export interface ReplicaSetPlan {
  /** How many pods to create from the template. */
  create: number;
  /** Names of pods to delete. */
  remove: string[];
  status: NonNullable<ReplicaSet["status"]> & { terminatingReplicas: number };
  /** Milliseconds until a pod becomes available by time alone (minReadySeconds). */
  requeueMs?: number;
}

/** `pods` are those that the ReplicaSet controls; `now` is Unix ms. */
export function reconcileReplicaSet(set: ReplicaSet, pods: readonly Pod[], now: number): ReplicaSetPlan {
  const desired = isTerminating(set) ? 0 : (set.spec?.replicas ?? 1);
  const minReady = set.spec?.minReadySeconds ?? 0;
  const active = pods.filter((pod) => !isFinished(pod) && !isTerminating(pod));
  const waits = active.map((pod) => availableAt(pod, minReady));
  const pending = waits.filter((at) => at > now && at !== Infinity);
  return {
    create: isTerminating(set) ? 0 : Math.max(0, desired - active.length),
    remove:
      active.length <= desired
        ? []
        : active
            .toSorted(removeFirst)
            .slice(0, active.length - desired)
            .map((pod) => pod.metadata.name),
    status: {
      observedGeneration: set.metadata.generation ?? 0,
      replicas: active.length,
      fullyLabeledReplicas: active.length,
      readyReplicas: active.filter(isReady).length,
      availableReplicas: waits.filter((at) => at <= now).length,
      terminatingReplicas: pods.filter((pod) => isTerminating(pod) && !isFinished(pod)).length,
    },
    ...(pending.length > 0 && { requeueMs: Math.max(1, Math.min(...pending) - now) }),
  };
}

/** Which pods go first: not bound, pending, not ready, restarted often, youngest (Kubernetes documentation, "ReplicaSet", scaling down). */
function removeFirst(a: Pod, b: Pod): number {
  const rank = (pod: Pod): number =>
    (pod.spec?.nodeName === undefined ? 0 : 1) + (pod.status?.phase === "Running" ? 2 : 0) + (isReady(pod) ? 4 : 0);
  const restarts = (pod: Pod): number =>
    pod.status?.containerStatuses?.reduce((sum, status) => sum + status.restartCount, 0) ?? 0;
  return (
    rank(a) - rank(b) ||
    restarts(b) - restarts(a) ||
    (b.metadata.creationTimestamp ?? "").localeCompare(a.metadata.creationTimestamp ?? "") ||
    b.metadata.name.localeCompare(a.metadata.name)
  );
}

/** A pod of the ReplicaSet; `suffix` makes its name unique. */
export function podFromTemplate(set: ReplicaSet, suffix: string): Pod {
  const template = set.spec?.template;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `${set.metadata.name}-${suffix}`,
      generateName: `${set.metadata.name}-`,
      ...(set.metadata.namespace !== undefined && { namespace: set.metadata.namespace }),
      ...(template?.metadata?.labels && { labels: { ...template.metadata.labels } }),
      ...(template?.metadata?.annotations && { annotations: { ...template.metadata.annotations } }),
      ownerReferences: [
        {
          apiVersion: "apps/v1",
          kind: "ReplicaSet",
          name: set.metadata.name,
          uid: set.metadata.uid ?? "",
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: structuredClone(template?.spec ?? { containers: [] }),
    status: { phase: "Pending" },
  };
}
