import type { Pod } from "../../objects/core.ts";
import type { Condition, KubeObject } from "../../objects/meta.ts";

/** The condition of a type, wherever conditions are kept. */
export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/**
 * The conditions with one of them set. `lastTransitionTime` moves only when the status does
 * (Kubernetes API conventions, "Typical status properties").
 */
export function withCondition(conditions: readonly Condition[] | undefined, next: Condition, now: string): Condition[] {
  const before = findCondition(conditions, next.type);
  const lastTransitionTime = before?.status === next.status ? (before.lastTransitionTime ?? now) : now;
  return [...(conditions ?? []).filter((condition) => condition.type !== next.type), { ...next, lastTransitionTime }];
}

export function isReady(pod: Pod): boolean {
  return findCondition(pod.status?.conditions, "Ready")?.status === "True";
}

/** Finished pods hold no place: neither replica nor endpoint. */
export function isFinished(pod: Pod): boolean {
  return pod.status?.phase === "Failed" || pod.status?.phase === "Succeeded";
}

export function isTerminating(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** Ready for at least `minReadySeconds`; else when it will be (Unix ms), or Infinity while it isn't ready. */
export function availableAt(pod: Pod, minReadySeconds: number): number {
  const ready = findCondition(pod.status?.conditions, "Ready");
  if (ready?.status !== "True") return Infinity;
  return Date.parse(ready.lastTransitionTime ?? "") + minReadySeconds * 1000 || 0;
}

/** The owner that controls an object, by uid. */
export function controllerUid(object: KubeObject): string | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true)?.uid;
}
