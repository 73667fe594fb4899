import { create } from "@bufbuild/protobuf";
import { RouteSchema, VirtualHostSchema, type Route } from "#gen/envoy/config/route/v3/route_components_pb.ts";
import type { ConsistentHash, Destination, VirtualService } from "../../objects/istio.ts";
import { duration } from "./duration.ts";
import type { Part } from "./encode.ts";
import type { EnvoyFilters } from "./envoy-filter.ts";
import type { PatchContext } from "./patch.ts";
import type { Stored } from "./index/objects.ts";
import type { Mesh } from "./mesh.ts";
import { fullHost, outboundCluster, tunnelCluster } from "./names.ts";
import { patchVirtualHost } from "./patch-route.ts";
import { isHttp } from "./protocol.ts";
import { defaultRoute, httpRoute } from "./route.ts";
import type { Services } from "./service.ts";
import { remainingMatches, takesAll, type VirtualServices } from "./virtual-service.ts";

/** What the routes of a virtual host are a function of. Its name and domains differ by viewer and are encoded apart. */
export interface VirtualHostKey {
  /** `namespace/host` of the service; "" for a gateway's virtual host, where only the VirtualService counts. */
  service: string;
  port: number;
  /** `namespace/name`, or "". */
  virtualService: string;
  /** As `sourceProfile` gives it. */
  profile: string;
  /** JSON: destination `host|port|subset` → the consistent hash that its DestinationRule asks of this client. */
  hashes: string;
  filters: string;
  context: PatchContext;
  /** As its VIRTUAL_HOST patches may match it. */
  name: string;
  routeConfiguration: string;
}

export function virtualHostKeyId(key: VirtualHostKey): string {
  return [
    key.service,
    key.port,
    key.virtualService,
    key.profile,
    key.hashes,
    key.context,
    key.filters,
    ...(key.filters === "" ? [] : [key.name, key.routeConfiguration]),
  ].join("|");
}

export function virtualHosts(
  mesh: Mesh,
  services: Services,
  virtualServices: VirtualServices,
  envoyFilters: EnvoyFilters,
) {
  const { graph, encoder, settings } = mesh;

  /** Destinations without a port mean the port called, or the only one that the destination has (Istio reference, Destination.port). */
  function target(
    destination: Destination,
    owner: string,
    calledPort: number,
  ): { host: string; port: number; subset: string } {
    const host = fullHost(destination.host, owner, settings.clusterDomain);
    const ports = destination.port === undefined ? services.visible(host, owner)?.ports : undefined;
    const port = destination.port?.number ?? (ports?.length === 1 ? ports[0]!.number : calledPort);
    return { host, port, subset: destination.subset ?? "" };
  }

  function fromVirtualService(stored: Stored<VirtualService>, key: VirtualHostKey): Route[] {
    const hashes = JSON.parse(key.hashes || "{}") as Record<string, ConsistentHash>;
    const name = (destination: Destination) => target(destination, stored.namespace, key.port);
    const context = {
      source: `/apis/networking.istio.io/v1/namespaces/${stored.namespace}/virtual-service/${stored.name}`,
      clusterOf: (destination: Destination) => {
        const { host, port, subset } = name(destination);
        return outboundCluster(port, subset, host);
      },
      hashOf: (destination: Destination) => {
        const { host, port, subset } = name(destination);
        return hashes[`${host}|${port}|${subset}`];
      },
    };
    const profiles = key.profile.split(".");
    const routes: Route[] = [];
    for (const [index, http] of (stored.object.spec?.http ?? []).entries()) {
      for (const match of remainingMatches(http, profiles[index] ?? "", key.port)) {
        const route = httpRoute(http, match, context);
        if (route === undefined) continue;
        routes.push(route);
        // Whatever follows a route that takes everything can't be reached.
        if (match === undefined || takesAll(match)) return routes;
      }
    }
    return routes;
  }

  function routesOf(key: VirtualHostKey): Route[] {
    const stored = virtualServices.get(key.virtualService);
    if (stored?.object.spec?.http !== undefined) return fromVirtualService(stored, key);
    const service = services.byId(key.service);
    if (service === undefined) return [];
    const cluster = outboundCluster(key.port, "", service.host);
    return [
      defaultRoute(
        cluster,
        (JSON.parse(key.hashes || "{}") as Record<string, ConsistentHash>)[`${service.host}|${key.port}|`],
      ),
    ];
  }

  /** The part of a virtual host behind its name and domains. Undefined when a patch removes it. */
  const body = graph.family<VirtualHostKey, Part | undefined>(
    "virtual host",
    (key) => {
      const service = services.byId(key.service);
      const port = service?.ports.find((entry) => entry.number === key.port);
      const opaque = port !== undefined && !isHttp(port.protocol);
      const connect =
        key.context === "SIDECAR_OUTBOUND"
          ? [connectRoute(opaque ? outboundCluster(key.port, "", service!.host) : tunnelCluster)]
          : [];
      const host = create(VirtualHostSchema, {
        routes: opaque ? connect : [...connect, ...routesOf(key)],
        includeRequestAttemptCount: true,
      });
      const patched = patchVirtualHost(envoyFilters.patches(key.filters, "route", key.context), host, key);
      return patched === undefined ? undefined : encoder.part("virtualHost", VirtualHostSchema, patched);
    },
    { id: virtualHostKeyId, equal: (a, b) => a?.hash === b?.hash, fallback: { value: undefined } },
  );

  return { body, target };
}
export type VirtualHosts = ReturnType<typeof virtualHosts>;

/** CONNECT: for HTTP services the tunnel ends in this Envoy, so that what is inside obeys the routes; for TLS to a declared outside host it goes through as it is. */
function connectRoute(cluster: string): Route {
  return create(RouteSchema, {
    name: "connect",
    match: { pathSpecifier: { case: "connectMatcher", value: {} } },
    action: {
      case: "route",
      value: {
        clusterSpecifier: { case: "cluster", value: cluster },
        timeout: duration("0s"),
        upgradeConfigs: [{ upgradeType: "CONNECT", connectConfig: {} }],
      },
    },
  });
}
