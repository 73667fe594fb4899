/** The order in which kinds are applied, so that nothing refers to what isn't there yet; pruned the other way round. */
import type { KindName } from "../objects/kinds.ts";
import { parseKey, type ObjectKey } from "./desired.ts";

/** Within a step the order doesn't matter. Subsets come before routes to them, identities and permissions before workloads. */
const steps: readonly (readonly KindName[])[] = [
  ["Namespace"],
  ["ServiceAccount", "ConfigMap"],
  ["PeerAuthentication", "AuthorizationPolicy", "RequestAuthentication"],
  ["Service", "ServiceEntry"],
  ["DestinationRule", "EnvoyFilter"],
  ["Sidecar"],
  ["Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget"],
  ["VirtualService", "Gateway"],
];
const rankOfKind = new Map(steps.flatMap((kinds, rank) => kinds.map((kind) => [kind as string, rank] as const)));

/** Kinds that the worker watches because it applies them: no others, since it must be allowed to (agent-manifests.ts). */
export const appliedKinds: readonly KindName[] = steps.flat();

/** 0 is applied first. Kinds without a place of their own come last. */
export function applyRank(key: ObjectKey): number {
  return rankOfKind.get(parseKey(key)?.kind.kind ?? "") ?? steps.length;
}

/** The keys in groups, in the order in which they must be applied. */
export function inApplyOrder(keys: Iterable<ObjectKey>): ObjectKey[][] {
  const groups: ObjectKey[][] = [];
  for (const key of keys) (groups[applyRank(key)] ??= []).push(key);
  return groups.filter((group) => group !== undefined);
}

/** The keys in groups, in the order in which they must be deleted. */
export function inPruneOrder(keys: Iterable<ObjectKey>): ObjectKey[][] {
  return inApplyOrder(keys).reverse();
}
