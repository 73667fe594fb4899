/** What Quipu knows of a cluster, in the terms in which istiod is asked. */
import type { DesiredObject } from "../fleet/desired.ts";
import type { Selector, Scope, Surroundings } from "../istiod/concerns.ts";
import type { StepObject } from "../istiod/step-object.ts";
import type { Sidecar, VirtualService } from "../objects/istio.ts";
import type { KubeObject } from "../objects/meta.ts";
import { gatewaySelector, rootNamespace, serviceHost } from "../render/names.ts";
import type { InForce } from "../store/in-force.ts";

export function stepObject(object: KubeObject): StepObject {
  const { name, namespace = "", resourceVersion = "" } = object.metadata;
  return { kind: object.kind, name, namespace, resourceVersion, spec: (object as { spec?: unknown }).spec };
}

/** `rosters`: whose closing edges count, too; their Sidecars don't have the callee any more. */
export function surroundings(desired: Iterable<DesiredObject>, rosters: InForce["rosters"]): Surroundings {
  const scopes: Scope[] = [];
  const exposed = new Set<string>();
  for (const { object } of desired) {
    if (object.kind === "Sidecar") scopes.push(scopeOf(object as Sidecar));
    if (object.kind !== "VirtualService") continue;
    const { gateways = [], http = [] } = (object as VirtualService).spec ?? {};
    if (gateways.some((gateway) => gateway !== "mesh"))
      for (const { route = [] } of http) for (const { destination } of route) exposed.add(destination.host);
  }
  const alsoUsing = new Map<string, Selector[]>();
  for (const [caller, { value }] of rosters)
    for (const [callee, { stage, segment }] of Object.entries(value.edges)) {
      if (stage !== "closing") continue;
      const host = serviceHost(callee, segment);
      alsoUsing.set(host, [...(alsoUsing.get(host) ?? []), { namespace: value.segment, labels: { app: caller } }]);
    }
  return { scopes, exposed, alsoUsing, gateways: [{ namespace: rootNamespace, labels: gatewaySelector }] };
}

function scopeOf({ metadata, spec }: Sidecar): Scope {
  return {
    selector: { namespace: metadata.namespace ?? "", labels: spec?.workloadSelector?.labels ?? {} },
    hosts: (spec?.egress ?? []).flatMap(({ hosts }) => hosts),
  };
}
