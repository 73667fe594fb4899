import type { Deployment } from "../../objects/core.ts";
import { scaledValue } from "./int-or-percent.ts";

/** What the rolling update reads of one ReplicaSet. */
export interface ReplicaSetSize {
  name: string;
  replicas: number;
  available: number;
}

/** How many pods a rollout may have beyond, and may lack below, the wished count. Never both 0. */
export function rolloutBounds(deployment: Deployment): { surge: number; unavailable: number } {
  const desired = deployment.spec?.replicas ?? 1;
  const rolling = deployment.spec?.strategy?.rollingUpdate;
  const surge = scaledValue(rolling?.maxSurge ?? "25%", desired, "up") ?? 1;
  let unavailable = scaledValue(rolling?.maxUnavailable ?? "25%", desired, "down") ?? 0;
  if (surge === 0 && unavailable === 0) unavailable = 1;
  return { surge, unavailable: Math.min(unavailable, desired) };
}

/**
 * One step of a rolling update: sizes by ReplicaSet name, only those that change. Scales the new one up as far as
 * surge allows, the old ones down as far as availability allows, unhealthy old pods first (Kubernetes documentation, Deployments).
 */
export function rollingStep(
  desired: number,
  bounds: { surge: number; unavailable: number },
  current: ReplicaSetSize,
  old: readonly ReplicaSetSize[],
): Map<string, number> {
  const changes = new Map<string, number>();
  const oldTotal = old.reduce((sum, set) => sum + set.replicas, 0);
  let size = current.replicas;
  if (size > desired) size = desired;
  else size += Math.max(0, Math.min(desired + bounds.surge - (oldTotal + size), desired - size));
  if (size !== current.replicas) changes.set(current.name, size);

  const minAvailable = desired - bounds.unavailable;
  const newUnavailable = Math.max(0, current.replicas - current.available);
  let removable = oldTotal + current.replicas - minAvailable - newUnavailable;
  const sizes = new Map(old.map((set) => [set.name, set.replicas]));
  for (const set of old) {
    const unhealthy = Math.min(Math.max(0, removable), Math.max(0, set.replicas - set.available));
    sizes.set(set.name, set.replicas - unhealthy);
    removable -= unhealthy;
  }
  let spare = Math.min(removable, old.reduce((sum, set) => sum + set.available, current.available) - minAvailable);
  for (const set of old) {
    const left = sizes.get(set.name) ?? 0;
    const fewer = Math.min(Math.max(0, spare), left);
    sizes.set(set.name, left - fewer);
    spare -= fewer;
  }
  for (const set of old) if (sizes.get(set.name) !== set.replicas) changes.set(set.name, sizes.get(set.name) ?? 0);
  return changes;
}
