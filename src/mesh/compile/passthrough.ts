import { create } from "@bufbuild/protobuf";
import { Cluster_DnsLookupFamily, Cluster_LbPolicy, ClusterSchema } from "#gen/envoy/config/cluster/v3/cluster_pb.ts";
import { RouteSchema, VirtualHostSchema } from "#gen/envoy/config/route/v3/route_components_pb.ts";
import { ClusterConfigSchema } from "#gen/envoy/extensions/clusters/dynamic_forward_proxy/v3/cluster_pb.ts";
import { FilterConfigSchema } from "#gen/envoy/extensions/filters/http/dynamic_forward_proxy/v3/dynamic_forward_proxy_pb.ts";
import type { HttpFilter } from "#gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import type { Resource } from "../resource.ts";
import { duration } from "./duration.ts";
import { any, type Part } from "./encode.ts";
import { httpFilter } from "./http-connection-manager.ts";
import type { Mesh } from "./mesh.ts";
import { passthroughCluster } from "./names.ts";

const dnsCacheConfig = { name: "passthrough", dnsLookupFamily: Cluster_DnsLookupFamily.V4_PREFERRED };

/**
 * What happens to hosts that nobody declared. REGISTRY_ONLY: 502, as istiod answers. ALLOW_ANY: on to whatever the name
 * resolves to; a proxy port has no original destination to fall back on, so that the name is looked up.
 */
export function passthrough(mesh: Mesh) {
  const { graph, encoder } = mesh;
  return {
    virtualHost: graph.family<"REGISTRY_ONLY" | "ALLOW_ANY", Part>("catch-all virtual host", (mode) => {
      const name = mode === "REGISTRY_ONLY" ? "block_all" : "allow_any";
      const connect = { pathSpecifier: { case: "connectMatcher" as const, value: {} } };
      const all = { pathSpecifier: { case: "prefix" as const, value: "/" } };
      const onward = {
        clusterSpecifier: { case: "cluster" as const, value: passthroughCluster },
        timeout: duration("0s"),
      };
      const routes =
        mode === "REGISTRY_ONLY"
          ? [connect, all].map((match) =>
              create(RouteSchema, { name, match, action: { case: "directResponse", value: { status: 502 } } }),
            )
          : [
              create(RouteSchema, {
                name,
                match: connect,
                action: {
                  case: "route",
                  value: { ...onward, upgradeConfigs: [{ upgradeType: "CONNECT", connectConfig: {} }] },
                },
              }),
              create(RouteSchema, { name, match: all, action: { case: "route", value: onward } }),
            ];
      return encoder.part(
        "virtualHost",
        VirtualHostSchema,
        create(VirtualHostSchema, { name, domains: ["*"], routes, includeRequestAttemptCount: true }),
      );
    }),
    cluster: graph.family<string, Resource>("passthrough cluster", () =>
      encoder.resource(
        "cluster",
        ClusterSchema,
        passthroughCluster,
        create(ClusterSchema, {
          name: passthroughCluster,
          connectTimeout: duration("10s"),
          lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED,
          clusterDiscoveryType: {
            case: "clusterType",
            value: {
              name: "envoy.clusters.dynamic_forward_proxy",
              typedConfig: any(ClusterConfigSchema, {
                clusterImplementationSpecifier: { case: "dnsCacheConfig", value: dnsCacheConfig },
              }),
            },
          },
        }),
      ),
    ),
  };
}
export type Passthrough = ReturnType<typeof passthrough>;

/** Looks names up for routes to the passthrough cluster; other routes pass it untouched. */
export function passthroughFilter(): HttpFilter {
  return httpFilter(
    "envoy.filters.http.dynamic_forward_proxy",
    any(FilterConfigSchema, { implementationSpecifier: { case: "dnsCacheConfig", value: dnsCacheConfig } }),
  );
}
