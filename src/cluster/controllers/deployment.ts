import type { Deployment, DeploymentStatus, ReplicaSet } from "../../objects/core.ts";
import { deploymentStatus } from "./deployment-status.ts";
import { rollingStep, rolloutBounds, type ReplicaSetSize } from "./rolling-update.ts";
import { sameTemplate, templateHash, templateHashLabel } from "./template-hash.ts";

export const revisionAnnotation = "deployment.kubernetes.io/revision";

/** What has to be done so that ReplicaSets follow a Deployment. */
export interface DeploymentPlan {
  create?: ReplicaSet;
  /** ReplicaSet name → replicas. */
  scale: Map<string, number>;
  /** ReplicaSet name → revision number it takes (a roll-back makes an old one the newest). */
  revision: Map<string, string>;
  /** Old, empty ReplicaSets beyond `revisionHistoryLimit`. */
  remove: string[];
  status: DeploymentStatus;
  /** Revision of the current template. */
  revisionNumber: string;
  /** Milliseconds until something changes by time alone. */
  requeueMs?: number;
}

const sizeOf = (set: ReplicaSet): ReplicaSetSize => ({
  name: set.metadata.name,
  replicas: set.spec?.replicas ?? 0,
  available: set.status?.availableReplicas ?? 0,
});
const revisionOf = (set: ReplicaSet): number => Number(set.metadata.annotations?.[revisionAnnotation] ?? 0);

/**
 * `sets` are the ReplicaSets that the Deployment controls; `now` is Unix ms.
 * Rules: Kubernetes documentation, "Deployments".
 */
export function reconcileDeployment(deployment: Deployment, sets: readonly ReplicaSet[], now: number): DeploymentPlan {
  const spec = deployment.spec;
  if (spec === undefined) return { scale: new Map(), revision: new Map(), remove: [], status: {}, revisionNumber: "0" };
  const desired = spec.replicas ?? 1;
  const byAge = [...sets].sort(
    (a, b) =>
      (a.metadata.creationTimestamp ?? "").localeCompare(b.metadata.creationTimestamp ?? "") ||
      a.metadata.name.localeCompare(b.metadata.name),
  );
  const current = byAge.find((set) => set.spec !== undefined && sameTemplate(set.spec.template, spec.template));
  const old = byAge.filter((set) => set !== current);
  const scale = new Map<string, number>();
  const revision = new Map<string, string>();

  const newest = Math.max(0, ...old.map(revisionOf));
  const number = current !== undefined && revisionOf(current) > newest ? revisionOf(current) : newest + 1;
  if (current !== undefined && revisionOf(current) !== number) revision.set(current.metadata.name, String(number));

  let create: ReplicaSet | undefined;
  if (!spec.paused) {
    const draft = current === undefined ? newReplicaSet(deployment, number) : undefined;
    const own = current ?? draft;
    if (own !== undefined) {
      const step = planSizes(deployment, desired, sizeOf(own), old);
      if (draft?.spec !== undefined) draft.spec.replicas = step.get(own.metadata.name) ?? 0;
      for (const [name, replicas] of step) if (name !== draft?.metadata.name) scale.set(name, replicas);
      create = draft;
    }
  } else if (
    current !== undefined &&
    old.every((set) => (set.spec?.replicas ?? 0) === 0) &&
    sizeOf(current).replicas !== desired
  ) {
    // A paused Deployment still scales, it only starts no rollout.
    scale.set(current.metadata.name, desired);
  }

  const empty = old
    .filter((set) => (set.spec?.replicas ?? 0) === 0 && (set.status?.replicas ?? 0) === 0)
    .sort((a, b) => revisionOf(a) - revisionOf(b));
  const remove = empty
    .slice(0, Math.max(0, empty.length - (spec.revisionHistoryLimit ?? 10)))
    .map((set) => set.metadata.name);
  const { status, requeueMs } = deploymentStatus(deployment, current, create, sets, now);
  return {
    ...(create && { create }),
    scale,
    revision,
    remove,
    status,
    revisionNumber: String(number),
    ...(requeueMs !== undefined && { requeueMs }),
  };
}

function planSizes(
  deployment: Deployment,
  desired: number,
  current: ReplicaSetSize,
  old: readonly ReplicaSet[],
): Map<string, number> {
  if (deployment.spec?.strategy?.type !== "Recreate") {
    return rollingStep(desired, rolloutBounds(deployment), current, old.map(sizeOf));
  }
  const changes = new Map<string, number>();
  for (const set of old) if ((set.spec?.replicas ?? 0) > 0) changes.set(set.metadata.name, 0);
  // The new pods start only once none of the old is left, terminating ones included.
  const gone = old.every((set) => (set.spec?.replicas ?? 0) === 0 && podsLeft(set) === 0);
  if (gone && current.replicas !== desired) changes.set(current.name, desired);
  return changes;
}

/** Pods of a ReplicaSet, those included that are still terminating. */
function podsLeft(set: ReplicaSet): number {
  return (
    (set.status?.replicas ?? 0) +
    ((set.status as { terminatingReplicas?: number } | undefined)?.terminatingReplicas ?? 0)
  );
}

function newReplicaSet(deployment: Deployment, revision: number): ReplicaSet | undefined {
  const spec = deployment.spec;
  if (spec === undefined) return undefined;
  const hash = templateHash(spec.template);
  const labels = { ...spec.template.metadata?.labels, [templateHashLabel]: hash };
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      ...(deployment.metadata.namespace !== undefined && { namespace: deployment.metadata.namespace }),
      labels,
      annotations: { [revisionAnnotation]: String(revision) },
      ownerReferences: [
        {
          apiVersion: "apps/v1",
          kind: "Deployment",
          name: deployment.metadata.name,
          uid: deployment.metadata.uid ?? "",
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      replicas: 0,
      ...(spec.minReadySeconds !== undefined && { minReadySeconds: spec.minReadySeconds }),
      selector: { ...spec.selector, matchLabels: { ...spec.selector.matchLabels, [templateHashLabel]: hash } },
      template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
    },
  };
}
