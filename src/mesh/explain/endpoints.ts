import { Cluster_DiscoveryType, type Cluster } from "#gen/envoy/config/cluster/v3/cluster_pb.ts";
import { HealthStatus } from "#gen/envoy/config/core/v3/health_check_pb.ts";
import type { Metadata } from "#gen/envoy/config/core/v3/base_pb.ts";
import { socketOf, type OpenProxy } from "./open-proxy.ts";

/** An endpoint of a cluster. */
export interface Host {
  /** Empty for a listener inside the same Envoy. */
  readonly address: string;
  readonly port: number;
  /** The listener inside the same Envoy. */
  readonly internal?: string;
  readonly weight: number;
  readonly metadata: Metadata | undefined;
}

const unusable: ReadonlySet<HealthStatus> = new Set([
  HealthStatus.UNHEALTHY,
  HealthStatus.DRAINING,
  HealthStatus.TIMEOUT,
]);

/** The hosts that a load balancer would draw from: those of the first priority that has any that aren't known to be bad. */
export function hostsOf(proxy: OpenProxy, cluster: Cluster | undefined): Host[] {
  if (cluster === undefined) return [];
  const discovery = cluster.clusterDiscoveryType;
  const assignment =
    discovery.case === "type" && discovery.value === Cluster_DiscoveryType.EDS
      ? proxy.endpoints(cluster.edsClusterConfig?.serviceName || cluster.name)
      : cluster.loadAssignment;
  const byPriority = new Map<number, Host[]>();
  for (const { priority, lbEndpoints } of assignment?.endpoints ?? []) {
    const hosts = lbEndpoints.flatMap(({ hostIdentifier, loadBalancingWeight, metadata, healthStatus }): Host[] => {
      if (hostIdentifier.case !== "endpoint" || unusable.has(healthStatus)) return [];
      const { address } = hostIdentifier.value;
      const weight = loadBalancingWeight ?? 1;
      if (
        address?.address.case === "envoyInternalAddress" &&
        address.address.value.addressNameSpecifier.case === "serverListenerName"
      )
        return [{ address: "", port: 0, internal: address.address.value.addressNameSpecifier.value, weight, metadata }];
      const socket = socketOf(address);
      return socket === undefined ? [] : [{ ...socket, weight, metadata }];
    });
    byPriority.set(priority, [...(byPriority.get(priority) ?? []), ...hosts]);
  }
  return (
    [...byPriority.entries()]
      .sort(([a], [b]) => a - b)
      .map(([, hosts]) => hosts)
      .find((hosts) => hosts.length > 0) ?? []
  );
}

/** Hosts that aren't in the configuration: names that are looked up, or wherever the connection was going. */
export function findsHostsItself({ clusterDiscoveryType: discovery }: Cluster): boolean {
  return (
    discovery.case === "clusterType" ||
    (discovery.case === "type" && discovery.value === Cluster_DiscoveryType.ORIGINAL_DST)
  );
}
