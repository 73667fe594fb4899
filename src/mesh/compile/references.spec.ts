import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ListenerSchema } from "#gen/envoy/config/listener/v3/listener_pb.ts";
import { VirtualHostSchema } from "#gen/envoy/config/route/v3/route_components_pb.ts";
import { HttpConnectionManagerSchema } from "#gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { TcpProxySchema } from "#gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts";
import { any } from "./encode.ts";
import { clustersOfListener, clustersOfVirtualHost, routesOfListener } from "./references.ts";

test("a virtual host's clusters: alone, weighted unless by 0, and mirrored", () => {
  const route = (value: object) => ({ action: { case: "route" as const, value } });
  const weighted = (clusters: { name: string; weight: number }[]) => ({
    clusterSpecifier: { case: "weightedClusters" as const, value: { clusters } },
  });
  const bytes = toBinary(
    VirtualHostSchema,
    create(VirtualHostSchema, {
      name: "h",
      domains: ["h"],
      routes: [
        route({ clusterSpecifier: { case: "cluster", value: "one" } }),
        route({
          ...weighted([
            { name: "r1", weight: 95 },
            { name: "r2", weight: 5 },
            { name: "r3", weight: 0 },
          ]),
          requestMirrorPolicies: [{ cluster: "shadow" }],
        }),
        { action: { case: "directResponse", value: { status: 200 } } },
      ],
    }),
  );
  expect([...clustersOfVirtualHost(bytes)]).toEqual(["one", "r1", "r2", "shadow"]);
});

test("a listener's clusters (TCP) and route configurations (HTTP)", () => {
  const filters = (typedConfig: ReturnType<typeof any>) => [
    { name: "f", configType: { case: "typedConfig" as const, value: typedConfig } },
  ];
  const tcp = (clusterSpecifier: object) =>
    filters(any(TcpProxySchema, { statPrefix: "t", clusterSpecifier } as never));
  const bytes = toBinary(
    ListenerSchema,
    create(ListenerSchema, {
      filterChains: [
        { filters: tcp({ case: "cluster", value: "one" }) },
        {
          filters: filters(
            any(HttpConnectionManagerSchema, {
              routeSpecifier: { case: "rds", value: { routeConfigName: "http_proxy" } },
            }),
          ),
        },
      ],
      defaultFilterChain: {
        filters: tcp({ case: "weightedClusters", value: { clusters: [{ name: "r1", weight: 1 }] } }),
      },
    }),
  );
  expect([...clustersOfListener(bytes)]).toEqual(["one", "r1"]);
  expect([...routesOfListener(bytes)]).toEqual(["http_proxy"]);
});
