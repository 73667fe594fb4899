import { create } from "@bufbuild/protobuf";
import { TrafficDirection } from "#gen/envoy/config/core/v3/base_pb.ts";
import { Cluster_DiscoveryType, ClusterSchema } from "#gen/envoy/config/cluster/v3/cluster_pb.ts";
import {
  FilterChainSchema,
  type FilterChain,
  type ListenerFilter,
  ListenerFilterSchema,
} from "#gen/envoy/config/listener/v3/listener_components_pb.ts";
import { ListenerSchema } from "#gen/envoy/config/listener/v3/listener_pb.ts";
import { VirtualHostSchema } from "#gen/envoy/config/route/v3/route_components_pb.ts";
import { RouteConfigurationSchema, type RouteConfiguration } from "#gen/envoy/config/route/v3/route_pb.ts";
import { TlsInspectorSchema } from "#gen/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.ts";
import type { ConnectionPoolSettings } from "../../objects/istio.ts";
import type { Resource } from "../resource.ts";
import { socketAddress } from "./address.ts";
import type { PeerAuthentications, ServerTlsMode } from "./authentication.ts";
import type { Authorization } from "./authorization.ts";
import { sameVersion } from "./cluster.ts";
import { duration, milliseconds } from "./duration.ts";
import { any } from "./encode.ts";
import type { EnvoyFilters } from "./envoy-filter.ts";
import { httpConnectionManager, managerFilter } from "./http-connection-manager.ts";
import { httpProtocolOptions } from "./http-protocol.ts";
import type { InboundPort } from "./inbound-port.ts";
import type { JwtAuthentication } from "./jwt.ts";
import type { Mesh } from "./mesh.ts";
import { inboundCluster } from "./names.ts";
import { patchChains, patchListener } from "./patch-listener.ts";
import { patchRouteConfiguration, patchVirtualHost } from "./patch-route.ts";
import { isHttp, isHttp2 } from "./protocol.ts";
import { meshServer } from "./server-tls.ts";
import { circuitBreakers } from "./traffic-policy.ts";
import { tcpProxy } from "./tcp-proxy.ts";

/** What the filter chains of a workload's port are a function of: the same for all its replicas. */
export interface InboundChainsKey {
  namespace: string;
  labels: Readonly<Record<string, string>>;
  labelsKey: string;
  port: InboundPort;
}
export interface InboundListenerKey extends InboundChainsKey {
  ip: string;
}
export interface InboundClusterKey {
  port: InboundPort;
  appPort: number;
  pool: string;
}

const meshAlpn = ["istio", "istio-peer-exchange"];

export function inbound(
  mesh: Mesh,
  envoyFilters: EnvoyFilters,
  authorization: Authorization,
  peers: PeerAuthentications,
  jwt: JwtAuthentication,
) {
  const { graph, encoder, settings } = mesh;
  const context = "SIDECAR_INBOUND";

  function routes(key: InboundChainsKey): RouteConfiguration {
    const { port, namespace, labels } = key;
    const name = inboundCluster(port.number);
    const facts = { routeConfiguration: name, port: port.number, name: `inbound|http|${port.servicePort}` };
    const patches = envoyFilters.patches(envoyFilters.keyFor(namespace, labels, "route", context), "route", context);
    const host = patchVirtualHost(
      patches,
      create(VirtualHostSchema, {
        name: facts.name,
        domains: ["*"],
        routes: [
          {
            name: "default",
            match: { pathSpecifier: { case: "prefix", value: "/" } },
            action: {
              case: "route",
              value: {
                clusterSpecifier: { case: "cluster", value: name },
                timeout: milliseconds(0),
                // An app that closes an idle connection just now has seen nothing of the request.
                ...(port.protocol === "grpc"
                  ? {}
                  : { retryPolicy: { retryOn: "reset-before-request", numRetries: 2 } }),
              },
            },
          },
        ],
      }),
      facts,
    );
    return patchRouteConfiguration(
      patches,
      create(RouteConfigurationSchema, {
        name,
        virtualHosts: host === undefined ? [] : [host],
        validateClusters: false,
      }),
      facts,
    );
  }

  const chains = graph.family<InboundChainsKey, { mode: ServerTlsMode; chains: readonly FilterChain[] }>(
    "inbound chains",
    (key) => {
      const { namespace, labels, port } = key;
      const mode = peers.mode(namespace, labels, port.number);
      const statPrefix = `inbound_${port.number}`;
      const http = isHttp(port.protocol);
      const filters = http
        ? [
            managerFilter(
              httpConnectionManager({
                statPrefix,
                side: "inbound",
                routes: routes(key),
                filters: [...jwt.filters(namespace, labels), ...authorization.httpFilters(namespace, labels)],
              }),
            ),
          ]
        : [
            ...authorization.networkFilters(namespace, labels, statPrefix),
            tcpProxy(statPrefix, [{ cluster: inboundCluster(port.number), weight: 100 }]),
          ];
      const secured = {
        transportSocket: meshServer(http, settings),
        filters,
      };
      const built = {
        STRICT: [create(FilterChainSchema, { name: "mtls", ...secured })],
        PERMISSIVE: [
          create(FilterChainSchema, {
            name: "mtls",
            filterChainMatch: { transportProtocol: "tls", applicationProtocols: meshAlpn },
            ...secured,
          }),
          create(FilterChainSchema, { name: "plaintext", filters }),
        ],
        DISABLE: [create(FilterChainSchema, { name: "plaintext", filters })],
      }[mode];
      const patches = envoyFilters.patches(
        envoyFilters.keyFor(namespace, labels, "listener", context),
        "listener",
        context,
      );
      return {
        mode,
        chains: patchChains(settings.registry, patches, built, { name: `inbound_${port.number}`, port: port.number }),
      };
    },
    { id: chainsId },
  );

  const listener = graph.family<InboundListenerKey, Resource | undefined>(
    "inbound listener",
    (key) => {
      const { mode, chains: filterChains } = chains(key);
      const name = `${key.ip}_${key.port.number}`;
      const message = create(ListenerSchema, {
        name,
        address: socketAddress(key.ip, key.port.number),
        trafficDirection: TrafficDirection.INBOUND,
        filterChains: [...filterChains],
        ...(mode === "PERMISSIVE" ? { listenerFilters: [tlsInspector()] } : {}),
      });
      const patches = envoyFilters.patches(
        envoyFilters.keyFor(key.namespace, key.labels, "listener", context),
        "listener",
        context,
      );
      const patched = patchListener(patches, message, { name: `inbound_${key.port.number}`, port: key.port.number });
      return patched === undefined ? undefined : encoder.resource("listener", ListenerSchema, name, patched);
    },
    { id: (key) => `${key.ip}|${chainsId(key)}`, equal: sameVersion, fallback: { value: undefined } },
  );

  /** To the app itself, in the protocol that its port declares, within its Sidecar's `inboundConnectionPool`. */
  const cluster = graph.family<InboundClusterKey, Resource>(
    "inbound cluster",
    ({ port, appPort, pool }) => {
      const limits = JSON.parse(pool) as ConnectionPoolSettings;
      const name = inboundCluster(port.number);
      return encoder.resource(
        "cluster",
        ClusterSchema,
        name,
        create(ClusterSchema, {
          name,
          clusterDiscoveryType: { case: "type", value: Cluster_DiscoveryType.STATIC },
          connectTimeout: duration(limits.tcp?.connectTimeout ?? "10s"),
          circuitBreakers: circuitBreakers(limits),
          loadAssignment: {
            clusterName: name,
            endpoints: [
              {
                lbEndpoints: [
                  { hostIdentifier: { case: "endpoint", value: { address: socketAddress("127.0.0.1", appPort) } } },
                ],
              },
            ],
          },
          ...(isHttp(port.protocol)
            ? { typedExtensionProtocolOptions: httpProtocolOptions(isHttp2(port.protocol) ? "http2" : "http1", limits) }
            : {}),
        }),
      );
    },
    { id: ({ port, appPort, pool }) => `${port.number}/${port.protocol}|${appPort}|${pool}` },
  );

  return { listener, cluster };
}
export type Inbound = ReturnType<typeof inbound>;

function chainsId({ namespace, labelsKey, port }: InboundChainsKey): string {
  return `${namespace}|${port.number}/${port.protocol}/${port.servicePort}|${labelsKey}`;
}

export function tlsInspector(): ListenerFilter {
  return create(ListenerFilterSchema, {
    name: "envoy.filters.listener.tls_inspector",
    configType: { case: "typedConfig", value: any(TlsInspectorSchema, {}) },
  });
}
