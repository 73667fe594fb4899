import type { ConsistentHash } from "../../objects/istio.ts";
import type { DestinationRules } from "./destination-rule.ts";
import type { Mesh } from "./mesh.ts";
import { isHttp } from "./protocol.ts";
import type { MeshPort, MeshService, Services } from "./service.ts";
import type { Scope, SidecarScopes } from "./sidecar-scope.ts";
import type { View } from "./view.ts";
import type { VirtualHosts } from "./virtual-host.ts";
import { sourceProfile, type VirtualServiceFacts, type VirtualServices } from "./virtual-service.ts";

/** How a view calls a service's port: what its virtual host's routes, or its TCP targets, are made from. */
export interface Call {
  readonly virtualService: string;
  readonly profile: string;
  /** JSON, see VirtualHostKey. */
  readonly hashes: string;
}

const meshGateway = new Set(["mesh"]);

/** What a view calls, and by which rules. */
export function destinations(
  mesh: Mesh,
  services: Services,
  scopes: SidecarScopes,
  rules: DestinationRules,
  virtualServices: VirtualServices,
  virtualHosts: VirtualHosts,
) {
  const byView = { id: (view: View) => view.id };
  const scopeOf = mesh.graph.family<View, Scope>(
    "scope of view",
    (view) => scopes.scope(`${view.namespace}|${scopes.sidecarFor(view.namespace, view.labels)}`),
    byView,
  );
  const ruleKey = (view: View, service: MeshService) => rules.keyFor(service, view.namespace, view.labels);

  function consistentHash(view: View, host: string, port: number, subset: string): ConsistentHash | undefined {
    const service = services.visible(host, view.namespace);
    return service === undefined ? undefined : rules.consistentHash({ rule: ruleKey(view, service), port, subset });
  }

  /** JSON of all hashes among these destinations, "" when there is none. */
  function hashes(view: View, facts: VirtualServiceFacts, service: MeshService | undefined, port: number): string {
    const targets = facts.hasHttp
      ? facts.destinations.map((destination) => virtualHosts.target(destination, facts.namespace, port))
      : service === undefined
        ? []
        : [{ host: service.host, port, subset: "" }];
    const found: Record<string, ConsistentHash> = {};
    for (const { host, port: number, subset } of targets) {
      const hash = consistentHash(view, host, number, subset);
      if (hash !== undefined) found[`${host}|${number}|${subset}`] = hash;
    }
    return Object.keys(found).length === 0 ? "" : JSON.stringify(found);
  }

  /** The services of a view's scope, and those that VirtualServices of these send requests to, by host. */
  const visible = mesh.graph.family<View, ReadonlyMap<string, MeshService>>(
    "services of view",
    (view) => {
      const scope = scopeOf(view);
      const found = new Map<string, MeshService>();
      for (const id of scope.services) {
        const service = services.byId(id);
        if (service !== undefined) found.set(service.host, service);
      }
      for (const service of [...found.values()]) {
        for (const host of virtualServices.facts(virtualServices.forHost(service.host, view.namespace, scope)).hosts) {
          const other = found.has(host) ? undefined : services.visible(host, view.namespace);
          if (other !== undefined) found.set(other.host, other);
        }
      }
      return found;
    },
    { ...byView, equal: (a, b) => a.size === b.size && [...a].every(([host, service]) => b.get(host) === service) },
  );

  return {
    scopeOf,
    services: visible,
    ruleKey,
    consistentHash,
    hashes,
    call(view: View, service: MeshService, port: MeshPort): Call {
      const virtualService = virtualServices.forHost(service.host, view.namespace, scopeOf(view));
      const facts = virtualServices.facts(virtualService);
      return {
        virtualService,
        profile: sourceProfile(facts, view, meshGateway),
        hashes: isHttp(port.protocol) ? hashes(view, facts, service, port.number) : "",
      };
    },
  };
}
export type Destinations = ReturnType<typeof destinations>;
