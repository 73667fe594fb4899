import type { ConnectionPoolSettings, L4MatchAttributes, TCPRoute, TLSRoute } from "../../objects/istio.ts";
import type { Proxy, Resource } from "../resource.ts";
import type { Destinations } from "./destinations.ts";
import { effectivePolicy, type DestinationRules } from "./destination-rule.ts";
import type { EnvoyFilters } from "./envoy-filter.ts";
import type { InboundPort, InboundPorts } from "./inbound-port.ts";
import type { Inbound } from "./listener-inbound.ts";
import type { Outbound, TcpListenerKey } from "./listener-outbound.ts";
import { hostMatches, outboundCluster } from "./names.ts";
import { isHttp } from "./protocol.ts";
import type { MeshPort, MeshService, Services } from "./service.ts";
import type { SidecarScopes } from "./sidecar-scope.ts";
import type { TcpTarget } from "./tcp-proxy.ts";
import { proxyAddresses, viewOf, type View } from "./view.ts";
import type { VirtualHosts } from "./virtual-host.ts";
import type { VirtualServices } from "./virtual-service.ts";

export interface SidecarParts {
  services: Services;
  scopes: SidecarScopes;
  rules: DestinationRules;
  virtualServices: VirtualServices;
  virtualHosts: VirtualHosts;
  destinations: Destinations;
  envoyFilters: EnvoyFilters;
  inboundPorts: InboundPorts;
  inbound: Inbound;
  outbound: Outbound;
}

/** The listeners of a sidecar and the clusters of its own app. Plain functions: the compiler memoises them by proxy. */
export function sidecars(parts: SidecarParts) {
  const {
    services,
    scopes,
    rules,
    virtualServices,
    virtualHosts,
    destinations,
    envoyFilters,
    inboundPorts,
    inbound,
    outbound,
  } = parts;

  function declaredPorts(proxy: Proxy, view: View) {
    const { appPorts } = proxyAddresses(proxy);
    return {
      appPorts,
      ports: inboundPorts({
        namespace: proxy.namespace,
        pod: proxy.name,
        labels: view.labels,
        labelsKey: view.labelsKey,
        declared: [...appPorts.keys()],
      }),
    };
  }

  function ownClusters(proxy: Proxy): Resource[] {
    const view = viewOf(proxy);
    const { appPorts, ports } = declaredPorts(proxy, view);
    const own = scopes.inboundPool(scopes.sidecarFor(view.namespace, view.labels));
    return ports.map((port) => {
      const pool = JSON.stringify(own ?? calledPool(view, port) ?? {});
      return inbound.cluster({ port, appPort: appPorts.get(port.number) ?? port.number, pool });
    });
  }

  /** What a DestinationRule lets clients take, the callee's own proxy lets in; as in Istio, where its Sidecar's scope has its own service. */
  function calledPool(view: View, { service: id, servicePort }: InboundPort): ConnectionPoolSettings | undefined {
    const service = destinations.scopeOf(view).services.includes(id) ? services.byId(id) : undefined;
    if (service === undefined) return undefined;
    return effectivePolicy(rules.rule(destinations.ruleKey(view, service)), "", servicePort).connectionPool;
  }

  function listeners(proxy: Proxy): Resource[] {
    const view = viewOf(proxy);
    const addresses = proxyAddresses(proxy);
    const filters = envoyFilters.keyFor(view.namespace, view.labels, "listener", "SIDECAR_OUTBOUND");
    const found: (Resource | undefined)[] = [outbound.health(proxy.ip)];
    for (const port of declaredPorts(proxy, view).ports)
      found.push(
        inbound.listener({
          namespace: view.namespace,
          labels: view.labels,
          labelsKey: view.labelsKey,
          port,
          ip: proxy.ip,
        }),
      );
    if (addresses.proxy !== undefined) {
      const rest = `${addresses.proxy.port}|${destinations.scopeOf(view).outbound}|${filters}`;
      found.push(outbound.httpProxy(`${addresses.proxy.address}|${rest}`), outbound.tunnel(rest));
    }
    const inScope = new Map(
      destinations.scopeOf(view).services.map((id) => [id.slice(id.indexOf("/") + 1), services.byId(id)]),
    );
    for (const [host, address] of addresses.callees) {
      const service = inScope.get(host);
      for (const port of service?.ports ?? []) {
        // The alias on port 80 is for the proxy port only: binding it here would need privileges.
        if (isHttp(port.protocol) && port.number < 1024) continue;
        if (isHttp(port.protocol))
          found.push(outbound.http({ address, port: port.number, routes: `${host}:${port.number}`, filters }));
        else found.push(outbound.tcp(tcpListener(view, service!, port, address, filters)));
      }
    }
    return found.filter((listener) => listener !== undefined);
  }

  function tcpListener(
    view: View,
    service: MeshService,
    port: MeshPort,
    address: string,
    filters: string,
  ): TcpListenerKey {
    const policy = effectivePolicy(rules.rule(destinations.ruleKey(view, service)), "", port.number);
    return {
      address,
      port: port.number,
      filters,
      targets: tcpTargets(view, service, port),
      idleTimeout: policy.connectionPool?.tcp?.idleTimeout,
      hashSourceIp: policy.loadBalancer?.consistentHash?.useSourceIp === true,
    };
  }

  /** The first TCP (for TLS: TLS) route of the service's VirtualService that fits this proxy and port, else the service itself. */
  function tcpTargets(view: View, service: MeshService, port: MeshPort): TcpTarget[] {
    const { virtualService, profile } = destinations.call(view, service, port);
    const stored = virtualServices.get(virtualService);
    const spec = stored?.object.spec;
    const secure = port.protocol === "tls" || port.protocol === "https";
    const before = (spec?.http?.length ?? 0) + (secure ? (spec?.tcp?.length ?? 0) : 0);
    const profiles = profile.split(".").slice(before);
    const routes: readonly (TCPRoute | TLSRoute)[] = (secure ? spec?.tls : spec?.tcp) ?? [];
    for (const [index, route] of routes.entries()) {
      const matches: readonly (L4MatchAttributes & { sniHosts?: string[] })[] = route.match ?? [];
      if (
        matches.length > 0 &&
        !matches.some(
          (match, at) =>
            profiles[index]?.[at] === "1" &&
            (match.port === undefined || match.port === port.number) &&
            // The address stands for this service alone: its name is the one that clients ask for.
            (match.sniHosts === undefined || match.sniHosts.some((name) => hostMatches(name, service.host))),
        )
      )
        continue;
      const targets = (route.route ?? [])
        .map(({ destination, weight }) => {
          const { host, port: number, subset } = virtualHosts.target(destination, stored!.namespace, port.number);
          return {
            cluster: outboundCluster(number, subset, host),
            weight: weight ?? (route.route!.length === 1 ? 100 : 0),
          };
        })
        .filter((target) => target.weight > 0);
      if (targets.length > 0) return targets;
    }
    return [{ cluster: outboundCluster(port.number, "", service.host), weight: 100 }];
  }

  return { ownClusters, listeners };
}
