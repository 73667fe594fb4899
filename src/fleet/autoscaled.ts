/** Whose replicas belong to an autoscaler: a Deployment whose HorizontalPodAutoscaler, of the same name, is wanted too. */
import type { HorizontalPodAutoscaler } from "../objects/core.ts";
import { kinds } from "../objects/kinds.ts";
import { parseKey, type DesiredSource, type ObjectKey } from "./desired.ts";

export function isAutoscaled(source: Pick<DesiredSource, "get">, key: ObjectKey): boolean {
  return scalerOf(source, key) !== undefined;
}

/** As many of a Deployment's replicas as its autoscaler is to keep at least; undefined: it has none. */
export function leastReplicas(source: Pick<DesiredSource, "get">, key: ObjectKey): number | undefined {
  const scaler = scalerOf(source, key);
  // What Kubernetes takes for it where it isn't said.
  return scaler && (scaler.spec?.minReplicas ?? 1);
}

function scalerOf(source: Pick<DesiredSource, "get">, key: ObjectKey): HorizontalPodAutoscaler | undefined {
  const parts = parseKey(key);
  if (parts?.kind !== kinds.Deployment) return undefined;
  const scaler = source.get(
    `${kinds.HorizontalPodAutoscaler.apiVersion}/HorizontalPodAutoscaler/${parts.namespace ?? ""}/${parts.name}`,
  )?.object as HorizontalPodAutoscaler | undefined;
  const target = scaler?.spec?.scaleTargetRef;
  return target?.kind === "Deployment" && target.name === parts.name ? scaler : undefined;
}

/** The Deployment that must be looked at again when its autoscaler comes or goes. */
export function scaledBy(key: ObjectKey): ObjectKey | undefined {
  const parts = parseKey(key);
  return parts?.kind === kinds.HorizontalPodAutoscaler
    ? `${kinds.Deployment.apiVersion}/Deployment/${parts.namespace ?? ""}/${parts.name}`
    : undefined;
}
