import { create } from "@bufbuild/protobuf";
import { TrafficDirection } from "#gen/envoy/config/core/v3/base_pb.ts";
import { Cluster_DiscoveryType, ClusterSchema } from "#gen/envoy/config/cluster/v3/cluster_pb.ts";
import { FilterChainSchema, type Filter } from "#gen/envoy/config/listener/v3/listener_components_pb.ts";
import { ListenerSchema, type Listener } from "#gen/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "#gen/envoy/config/route/v3/route_pb.ts";
import type { Resource } from "../resource.ts";
import { internalAddress, socketAddress } from "./address.ts";
import { sameVersion } from "./cluster.ts";
import { duration } from "./duration.ts";
import type { Init } from "./encode.ts";
import type { EnvoyFilters } from "./envoy-filter.ts";
import { httpConnectionManager, managerFilter, routeFilters } from "./http-connection-manager.ts";
import type { Mesh } from "./mesh.ts";
import { healthListener, httpProxyListener, httpProxyRoutes, tunnelCluster, tunnelListener } from "./names.ts";
import { patchChains, patchListener } from "./patch-listener.ts";
import { passthroughFilter } from "./passthrough.ts";
import { tcpProxy, type TcpTarget } from "./tcp-proxy.ts";

export const healthPort = 15_021;

export function outbound(mesh: Mesh, envoyFilters: EnvoyFilters) {
  const { graph, encoder, settings } = mesh;

  /** `filters`: the EnvoyFilters with listener patches for this context. Undefined when a patch removes the listener. */
  function build(
    filters: string,
    port: number,
    message: Init<typeof ListenerSchema> & { name: string },
    network: Filter[],
  ): Resource | undefined {
    const patches = envoyFilters.patches(filters, "listener", "SIDECAR_OUTBOUND");
    const facts = { name: message.name, port };
    const chains = patchChains(settings.registry, patches, [create(FilterChainSchema, { filters: network })], facts);
    const listener: Listener | undefined = patchListener(
      patches,
      create(ListenerSchema, { trafficDirection: TrafficDirection.OUTBOUND, ...message, filterChains: chains }),
      facts,
    );
    return listener === undefined ? undefined : encoder.resource("listener", ListenerSchema, message.name, listener);
  }

  const proxyFilters = (mode: string) => [...routeFilters(), ...(mode === "ALLOW_ANY" ? [passthroughFilter()] : [])];

  return {
    /** Where the app sends its HTTP requests (`HTTP_PROXY`). Key: `address|port|mode|filters`, the mode being the Sidecar's `outboundTrafficPolicy`. */
    httpProxy: graph.family<string, Resource | undefined>(
      "http proxy listener",
      (key) => {
        const [address, port, mode, filters] = key.split("|") as [string, string, string, string];
        const manager = httpConnectionManager({
          statPrefix: httpProxyListener,
          side: "outbound",
          routes: httpProxyRoutes,
          filters: proxyFilters(mode),
          connect: true,
        });
        return build(
          filters,
          Number(port),
          { name: httpProxyListener, address: socketAddress(address, Number(port)) },
          [managerFilter(manager)],
        );
      },
      { equal: sameVersion, fallback: { value: undefined } },
    ),

    /** Where CONNECT to an HTTP service ends: the same routes once more, for what is inside the tunnel. Key: `port|mode|filters`, the port of the proxy listener, so that patches for it hold here too. */
    tunnel: graph.family<string, Resource | undefined>(
      "tunnel listener",
      (key) => {
        const [port, mode, filters] = key.split("|") as [string, string, string];
        const manager = httpConnectionManager({
          statPrefix: tunnelListener,
          side: "outbound",
          routes: httpProxyRoutes,
          filters: proxyFilters(mode),
        });
        return build(
          filters,
          Number(port),
          { name: tunnelListener, listenerSpecifier: { case: "internalListener", value: {} } },
          [managerFilter(manager)],
        );
      },
      { equal: sameVersion, fallback: { value: undefined } },
    ),

    tunnelCluster: graph.family<string, Resource>("tunnel cluster", () =>
      encoder.resource(
        "cluster",
        ClusterSchema,
        tunnelCluster,
        create(ClusterSchema, {
          name: tunnelCluster,
          clusterDiscoveryType: { case: "type", value: Cluster_DiscoveryType.STATIC },
          connectTimeout: duration("10s"),
          loadAssignment: {
            clusterName: tunnelCluster,
            endpoints: [
              {
                lbEndpoints: [
                  { hostIdentifier: { case: "endpoint", value: { address: internalAddress(tunnelListener) } } },
                ],
              },
            ],
          },
        }),
      ),
    ),

    /** An address that stands for a callee's TCP port. */
    tcp: graph.family<TcpListenerKey, Resource | undefined>(
      "tcp listener",
      ({ address, port, filters, targets, idleTimeout, hashSourceIp }) => {
        const name = `${address}_${port}`;
        return build(filters, port, { name, address: socketAddress(address, port) }, [
          tcpProxy(targets[0]?.cluster ?? name, targets, { idleTimeout, hashSourceIp }),
        ]);
      },
      { id: (key) => JSON.stringify(key), equal: sameVersion, fallback: { value: undefined } },
    ),

    /** An address that stands for a callee's HTTP port, for clients that know no proxy. */
    http: graph.family<{ address: string; port: number; routes: string; filters: string }, Resource | undefined>(
      "http callee listener",
      ({ address, port, routes, filters }) => {
        const name = `${address}_${port}`;
        const manager = httpConnectionManager({ statPrefix: name, side: "outbound", routes, filters: routeFilters() });
        return build(filters, port, { name, address: socketAddress(address, port) }, [managerFilter(manager)]);
      },
      { id: (key) => JSON.stringify(key), equal: sameVersion, fallback: { value: undefined } },
    ),

    /** Says that this Envoy has its configuration: it is there only then. Key: the address. */
    health: graph.family<string, Resource>(
      "health listener",
      (address) => {
        const routes = create(RouteConfigurationSchema, {
          name: healthListener,
          virtualHosts: [
            {
              name: healthListener,
              domains: ["*"],
              routes: [
                {
                  name: "ready",
                  match: { pathSpecifier: { case: "path", value: "/healthz/ready" } },
                  action: { case: "directResponse", value: { status: 200 } },
                },
              ],
            },
          ],
        });
        const manager = httpConnectionManager({ statPrefix: healthListener, side: "inbound", routes, filters: [] });
        return encoder.resource(
          "listener",
          ListenerSchema,
          healthListener,
          create(ListenerSchema, {
            name: healthListener,
            address: socketAddress(address, healthPort),
            filterChains: [{ filters: [managerFilter(manager)] }],
          }),
        );
      },
      { equal: sameVersion },
    ),
  };
}
export type Outbound = ReturnType<typeof outbound>;

export interface TcpListenerKey {
  address: string;
  port: number;
  filters: string;
  targets: readonly TcpTarget[];
  idleTimeout: string | undefined;
  hashSourceIp: boolean;
}
