import type { Deployment, DeploymentStatus, ReplicaSet } from "../../objects/core.ts";
import type { Condition } from "../../objects/meta.ts";
import { findCondition, withCondition } from "./pod-state.ts";
import { rolloutBounds } from "./rolling-update.ts";

/** Deployment conditions also say when they were last confirmed; the progress deadline counts from there. */
type ProgressCondition = Condition & { lastUpdateTime?: string };

/**
 * Status and conditions (Available, Progressing) as `kubectl rollout status` and `kubectl wait` read them.
 * `requeueMs`: until the progress deadline.
 */
export function deploymentStatus(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  created: ReplicaSet | undefined,
  sets: readonly ReplicaSet[],
  now: number,
): { status: DeploymentStatus; requeueMs?: number } {
  const before = deployment.status;
  const desired = deployment.spec?.replicas ?? 1;
  const sum = (read: (set: ReplicaSet) => number | undefined): number =>
    sets.reduce((total, set) => total + (read(set) ?? 0), 0);
  const replicas = sum((set) => set.status?.replicas);
  const availableReplicas = sum((set) => set.status?.availableReplicas);
  const updatedReplicas = current?.status?.replicas ?? 0;
  const counts = {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas,
    updatedReplicas,
    readyReplicas: sum((set) => set.status?.readyReplicas),
    availableReplicas,
    unavailableReplicas: Math.max(0, sum((set) => set.spec?.replicas) - availableReplicas),
  };

  const time = new Date(now).toISOString().replace(/\.\d+Z$/, "Z");
  const enough = availableReplicas >= desired - rolloutBounds(deployment).unavailable;
  let conditions = withCondition(
    before?.conditions,
    enough
      ? {
          type: "Available",
          status: "True",
          reason: "MinimumReplicasAvailable",
          message: "Deployment has minimum availability.",
        }
      : {
          type: "Available",
          status: "False",
          reason: "MinimumReplicasUnavailable",
          message: "Deployment does not have minimum availability.",
        },
    time,
  );

  const set = current?.metadata.name ?? created?.metadata.name ?? "";
  const known: ProgressCondition | undefined = findCondition(before?.conditions, "Progressing");
  const complete =
    current !== undefined &&
    updatedReplicas === desired &&
    replicas === desired &&
    availableReplicas === desired &&
    before?.observedGeneration !== undefined;
  // More pods updated, ready or available, or fewer old ones, than when we last looked.
  const moved =
    created !== undefined ||
    updatedReplicas > (before?.updatedReplicas ?? 0) ||
    counts.readyReplicas > (before?.readyReplicas ?? 0) ||
    availableReplicas > (before?.availableReplicas ?? 0) ||
    replicas - updatedReplicas < (before?.replicas ?? 0) - (before?.updatedReplicas ?? 0);
  const deadlineMs = (deployment.spec?.progressDeadlineSeconds ?? 600) * 1000;
  const newGeneration = before?.observedGeneration !== counts.observedGeneration;
  const since = Date.parse(known?.lastUpdateTime ?? "") || now;

  let progress: ProgressCondition;
  let requeueMs: number | undefined;
  if (complete) {
    progress = {
      type: "Progressing",
      status: "True",
      reason: "NewReplicaSetAvailable",
      message: `ReplicaSet "${set}" has successfully progressed.`,
    };
  } else if (created !== undefined) {
    progress = {
      type: "Progressing",
      status: "True",
      reason: "NewReplicaSetCreated",
      message: `Created new replica set "${set}"`,
    };
  } else if (deployment.spec?.paused) {
    progress = { type: "Progressing", status: "Unknown", reason: "DeploymentPaused", message: "Deployment is paused" };
  } else if (known?.reason === "NewReplicaSetAvailable" && !newGeneration) {
    // A finished rollout that lost pods later is no failed rollout.
    progress = known;
  } else if (!moved && !newGeneration && (known?.reason === "ProgressDeadlineExceeded" || now - since >= deadlineMs)) {
    progress = {
      type: "Progressing",
      status: "False",
      reason: "ProgressDeadlineExceeded",
      message: `ReplicaSet "${set}" has timed out progressing.`,
    };
  } else {
    progress = {
      type: "Progressing",
      status: "True",
      reason: "ReplicaSetUpdated",
      message: `ReplicaSet "${set}" is progressing.`,
    };
    requeueMs = (moved || newGeneration ? deadlineMs : Math.max(0, deadlineMs - (now - since))) + 1000;
  }
  if (progress.reason === "NewReplicaSetCreated") requeueMs = deadlineMs + 1000;
  const confirmed = moved || newGeneration || known === undefined || known.reason !== progress.reason;
  progress = { ...progress, lastUpdateTime: confirmed ? time : (known?.lastUpdateTime ?? time) };
  conditions = withCondition(conditions, progress, time);
  return { status: { ...counts, conditions }, ...(requeueMs !== undefined && { requeueMs }) };
}
