import type { Resource } from "../resource.ts";
import type { Clusters } from "./cluster.ts";
import type { DestinationRules } from "./destination-rule.ts";
import type { Destinations } from "./destinations.ts";
import type { EnvoyFilters } from "./envoy-filter.ts";
import type { MeshService } from "./service.ts";
import type { View } from "./view.ts";

/** The clusters through which a view reaches services: for each port one, and one more for each subset. */
export function outboundClusters(
  clusters: Clusters,
  rules: DestinationRules,
  destinations: Destinations,
  envoyFilters: EnvoyFilters,
) {
  return (view: View, services: Iterable<MeshService>): Resource[] => {
    const context = view.role === "router" ? "GATEWAY" : "SIDECAR_OUTBOUND";
    const filters = envoyFilters.keyFor(view.namespace, view.labels, "cluster", context);
    const found: (Resource | undefined)[] = [clusters.blackHole(""), ...clusters.added({ filters, context })];
    for (const service of services) {
      const rule = destinations.ruleKey(view, service);
      const subsets = ["", ...rules.rule(rule).subsets.map((subset) => subset.name)];
      for (const port of service.ports)
        for (const subset of subsets)
          found.push(clusters.outbound({ service: service.id, port: port.number, subset, rule, filters, context }));
    }
    return found.filter((cluster) => cluster !== undefined);
  };
}
export type OutboundClusters = ReturnType<typeof outboundClusters>;
