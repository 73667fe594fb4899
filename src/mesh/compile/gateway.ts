import { create } from "@bufbuild/protobuf";
import { TrafficDirection } from "#gen/envoy/config/core/v3/base_pb.ts";
import { FilterChainSchema, type FilterChain } from "#gen/envoy/config/listener/v3/listener_components_pb.ts";
import { ListenerSchema } from "#gen/envoy/config/listener/v3/listener_pb.ts";
import { VirtualHost_TlsRequirementType, VirtualHostSchema } from "#gen/envoy/config/route/v3/route_components_pb.ts";
import type { VirtualService } from "../../objects/istio.ts";
import type { Proxy, Resource } from "../resource.ts";
import { socketAddress } from "./address.ts";
import type { Authorization } from "./authorization.ts";
import { sameVersion } from "./cluster.ts";
import type { Destinations } from "./destinations.ts";
import { plainPart, type Part } from "./encode.ts";
import type { EnvoyFilters } from "./envoy-filter.ts";
import { bindableFrom, type GatewayServer, type GatewayServers } from "./gateway-server.ts";
import { httpConnectionManager, managerFilter, routeFilters } from "./http-connection-manager.ts";
import type { Stored } from "./index/objects.ts";
import type { JwtAuthentication } from "./jwt.ts";
import { tlsInspector } from "./listener-inbound.ts";
import type { Mesh } from "./mesh.ts";
import { fullHost, hostMatches, outboundCluster } from "./names.ts";
import { patchChains, patchListener } from "./patch-listener.ts";
import { assemble, viewNameId, type ViewName } from "./route-configuration.ts";
import type { MeshService, Services } from "./service.ts";
import { gatewayServer, handshakeTimeout } from "./server-tls.ts";
import { tcpProxy } from "./tcp-proxy.ts";
import type { View } from "./view.ts";
import type { VirtualHosts } from "./virtual-host.ts";
import { sourceProfile, type VirtualServices } from "./virtual-service.ts";

const context = "GATEWAY";

export interface GatewayParts {
  servers: GatewayServers;
  services: Services;
  destinations: Destinations;
  virtualServices: VirtualServices;
  virtualHosts: VirtualHosts;
  envoyFilters: EnvoyFilters;
  authorization: Authorization;
  jwt: JwtAuthentication;
}

/** Routers: the listeners and routes of the Gateways that select them, and of the VirtualServices bound to these. */
export function gateways(mesh: Mesh, parts: GatewayParts) {
  const { servers, services, destinations, virtualServices, virtualHosts, envoyFilters, authorization, jwt } = parts;
  const { graph, encoder, indexes, settings } = mesh;

  /** VirtualServices bound to a Gateway, each with those of its hosts that the server serves. */
  function bound({
    gateway,
    server,
    hosts,
    namespace,
  }: GatewayServer): { stored: Stored<VirtualService>; hosts: string[] }[] {
    return indexes.virtualServiceByGateway(gateway).flatMap((stored) => {
      const allowed = (stored.object.spec?.hosts ?? [])
        .map((host) => fullHost(host, stored.namespace, settings.clusterDomain))
        .filter((host) =>
          hosts.some((pattern) => {
            const from = bindableFrom(server, pattern, namespace);
            return (
              (hostMatches(pattern, host) || hostMatches(host, pattern)) && (from === "*" || from === stored.namespace)
            );
          }),
        );
      return allowed.length === 0 ? [] : [{ stored, hosts: allowed }];
    });
  }

  function bodyOf(
    view: View,
    { gateway, port, routes }: GatewayServer,
    stored: Stored<VirtualService>,
    name: string,
    filters: string,
  ): Part | undefined {
    const virtualService = `${stored.namespace}/${stored.name}`;
    const facts = virtualServices.facts(virtualService);
    return virtualHosts.body({
      service: "",
      port,
      virtualService,
      profile: sourceProfile(facts, view, new Set([gateway])),
      hashes: destinations.hashes(view, facts, undefined, port),
      filters,
      context,
      name,
      routeConfiguration: routes,
    });
  }

  /** A route configuration by the name that a listener asks for. Several VirtualServices of one host stand one after the other, oldest first. */
  const routes = graph.family<ViewName, Resource | undefined>(
    "gateway routes",
    ({ view, name }) => {
      const served = servers(view).filter((entry) => entry.routes === name);
      if (served.length === 0) return undefined;
      const filters = envoyFilters.keyFor(view.namespace, view.labels, "route", context);
      const hosts = new Map<string, { redirect: boolean; parts: Part[] }>();
      for (const entry of served) {
        const redirect = entry.server.tls?.httpsRedirect === true;
        for (const { stored, hosts: names } of bound(entry)) {
          for (const host of names) {
            const part = bodyOf(view, entry, stored, `${host}:${entry.port}`, filters);
            const known = hosts.get(host) ?? { redirect, parts: [] };
            if (part !== undefined && !known.parts.includes(part)) known.parts.push(part);
            hosts.set(host, known);
          }
        }
      }
      const { port } = served[0]!;
      const encoded = [...hosts]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([host, { redirect, parts }]) => {
          const requireTls = redirect ? VirtualHost_TlsRequirementType.ALL : VirtualHost_TlsRequirementType.NONE;
          return [
            plainPart(
              VirtualHostSchema,
              create(VirtualHostSchema, {
                name: `${host}:${port}`,
                domains: host === "*" ? ["*"] : [host, `${host}:*`],
                requireTls,
              }),
            ),
            ...parts,
          ];
        });
      // Without a route of its own every request is answered 404 (as istiod names it, so that EnvoyFilters for it hold).
      const nobody = create(VirtualHostSchema, { name: `blackhole:${port}`, domains: ["*"] });
      const all = encoded.length > 0 ? encoded : [[plainPart(VirtualHostSchema, nobody)]];
      return assemble(mesh, envoyFilters, filters, context, name, port, all);
    },
    { id: viewNameId, equal: sameVersion },
  );

  const secured = ({ tls = {} }: GatewayServer["server"]) => ({
    transportSocket: gatewayServer(tls, settings.identitySource),
    transportSocketConnectTimeout: handshakeTimeout,
  });

  function chainOf(view: View, entry: GatewayServer): FilterChain | undefined {
    const { kind, server, hosts, routes: name } = entry;
    const serverNames = hosts.includes("*") ? [] : [...hosts];
    if (kind === "http" || kind === "https") {
      const filters = [
        ...jwt.filters(view.namespace, view.labels),
        ...authorization.httpFilters(view.namespace, view.labels),
        ...routeFilters(),
      ];
      const manager = managerFilter(
        httpConnectionManager({ statPrefix: name, side: "gateway", routes: name, filters }),
      );
      return create(FilterChainSchema, {
        name,
        filters: [manager],
        ...(kind === "https" ? { filterChainMatch: { serverNames }, ...secured(server) } : {}),
      });
    }
    const target = opaqueTarget(entry);
    if (target === undefined) return undefined;
    const terminates = kind === "tls" && server.tls?.mode !== "PASSTHROUGH" && server.tls?.mode !== "AUTO_PASSTHROUGH";
    return create(FilterChainSchema, {
      name,
      filters: [...authorization.networkFilters(view.namespace, view.labels, name), tcpProxy(name, target)],
      ...(kind === "tls" ? { filterChainMatch: { serverNames } } : {}),
      ...(terminates ? secured(server) : {}),
    });
  }

  /** Where a TLS or TCP server leads: the first route of the first VirtualService bound to it. */
  function opaqueTarget(entry: GatewayServer) {
    for (const { stored } of bound(entry)) {
      const passes = entry.kind === "tls" && (entry.server.tls?.mode ?? "PASSTHROUGH") === "PASSTHROUGH";
      const route = (passes ? stored.object.spec?.tls : stored.object.spec?.tcp)?.find(
        (candidate) =>
          (candidate.match ?? []).length === 0 ||
          candidate.match!.some((match) => match.port === undefined || match.port === entry.port),
      );
      if (route?.route === undefined || route.route.length === 0) continue;
      return route.route.map(({ destination, weight }) => {
        const { host, port, subset } = virtualHosts.target(destination, stored.namespace, entry.port);
        return { cluster: outboundCluster(port, subset, host), weight: weight ?? 100 };
      });
    }
    return undefined;
  }

  /** One listener for each port: plain HTTP servers of a port share one chain, TLS servers have one each, told apart by server name. */
  function listeners(proxy: Proxy, view: View): Resource[] {
    const byPort = new Map<number, GatewayServer[]>();
    for (const entry of servers(view)) byPort.set(entry.bindPort, [...(byPort.get(entry.bindPort) ?? []), entry]);
    const patches = envoyFilters.patches(
      envoyFilters.keyFor(view.namespace, view.labels, "listener", context),
      "listener",
      context,
    );
    return [...byPort]
      .sort(([a], [b]) => a - b)
      .flatMap(([bindPort, entries]) => {
        const chains = new Map<string, FilterChain>();
        const taken = new Set<string>();
        for (const entry of entries) {
          const chain = chains.has(entry.routes) ? undefined : chainOf(view, entry);
          // Envoy refuses a listener whose chains match the same names; the oldest Gateway has them.
          const match = chain === undefined ? "" : (chain.filterChainMatch?.serverNames.join(",") ?? "");
          if (chain === undefined || taken.has(match)) continue;
          taken.add(match);
          chains.set(entry.routes, chain);
        }
        if (chains.size === 0) return [];
        const name = `${proxy.ip}_${bindPort}`;
        const facts = { name, port: bindPort };
        const secure = entries.some(({ kind }) => kind === "https" || kind === "tls");
        const message = create(ListenerSchema, {
          name,
          address: socketAddress(proxy.ip, bindPort),
          trafficDirection: TrafficDirection.OUTBOUND,
          filterChains: patchChains(settings.registry, patches, [...chains.values()], facts),
          ...(secure ? { listenerFilters: [tlsInspector()] } : {}),
        });
        const patched = patchListener(patches, message, facts);
        return patched === undefined ? [] : [encoder.resource("listener", ListenerSchema, name, patched)];
      });
  }

  /** The services that its VirtualServices send requests to, by host. */
  const targets = graph.family<View, ReadonlyMap<string, MeshService>>(
    "services of router",
    (view) => {
      const found = new Map<string, MeshService>();
      for (const { stored } of servers(view).flatMap(bound)) {
        for (const host of virtualServices.facts(`${stored.namespace}/${stored.name}`).hosts) {
          const service = found.has(host) ? undefined : services.visible(host, view.namespace);
          if (service !== undefined) found.set(service.host, service);
        }
      }
      return found;
    },
    {
      id: (view) => view.id,
      equal: (a, b) => a.size === b.size && [...a].every(([host, service]) => b.get(host) === service),
    },
  );

  return { routes: (key: ViewName) => routes(key), listeners, services: targets };
}
export type Gateways = ReturnType<typeof gateways>;
