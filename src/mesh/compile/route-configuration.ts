import { isIP } from "node:net";
import { create } from "@bufbuild/protobuf";
import { VirtualHostSchema } from "#gen/envoy/config/route/v3/route_components_pb.ts";
import { RouteConfigurationSchema } from "#gen/envoy/config/route/v3/route_pb.ts";
import { typeUrls, type Resource } from "../resource.ts";
import { sameVersion } from "./cluster.ts";
import type { Destinations } from "./destinations.ts";
import { field, plainPart, type Part } from "./encode.ts";
import type { EnvoyFilters } from "./envoy-filter.ts";
import type { PatchContext } from "./patch.ts";
import type { Mesh } from "./mesh.ts";
import { httpProxyRoutes, serviceHost } from "./names.ts";
import { addedVirtualHosts, patchRouteConfiguration } from "./patch-route.ts";
import type { Passthrough } from "./passthrough.ts";
import { isHttp } from "./protocol.ts";
import type { MeshPort, MeshService, Services } from "./service.ts";
import type { View } from "./view.ts";
import { virtualHostKeyId, type VirtualHostKey, type VirtualHosts } from "./virtual-host.ts";

/** Number of `virtual_hosts` in RouteConfiguration. */
const virtualHostsField = 2;

export interface ViewName {
  view: View;
  name: string;
}
export function viewNameId({ view, name }: ViewName): string {
  return `${view.id} ${name}`;
}

interface PlannedHost {
  readonly name: string;
  readonly domains: readonly string[];
  readonly body: VirtualHostKey;
  /** Tells apart what is different. */ readonly id: string;
}

/** Puts virtual hosts that are encoded already, each in one or more parts, behind a route configuration's own fields. */
export function assemble(
  mesh: Mesh,
  envoyFilters: EnvoyFilters,
  filters: string,
  context: PatchContext,
  name: string,
  port: number,
  hosts: readonly (readonly Part[])[],
): Resource {
  const patches = envoyFilters.patches(filters, "route", context);
  const head = patchRouteConfiguration(
    patches,
    create(RouteConfigurationSchema, { name, validateClusters: false, maxDirectResponseBodySizeBytes: 1024 * 1024 }),
    {
      routeConfiguration: name,
      port,
    },
  );
  const added = addedVirtualHosts(patches, { routeConfiguration: name, port }).map((host) => [
    mesh.encoder.part("virtualHost", VirtualHostSchema, host),
  ]);
  const parts = [
    plainPart(RouteConfigurationSchema, head),
    ...[...hosts, ...added].flatMap((host) => field(virtualHostsField, host)),
  ];
  return mesh.encoder.assembled("routeConfiguration", typeUrls.routeConfiguration, name, parts);
}

/** The names and addresses by which a viewer may call a service, with the port and, for port 80, without it. */
export function domainsOf(service: MeshService, port: number, viewer: string, clusterDomain: string): string[] {
  const names =
    service.kind === "Service"
      ? [
          ...spelled(serviceHost(service.name, service.namespace, clusterDomain)),
          `${service.name}.${service.namespace}.svc`,
          `${service.name}.${service.namespace}`,
          ...(service.namespace === viewer ? [service.name] : []),
        ]
      : spelled(service.host);
  names.push(
    ...service.addresses.flatMap((address) =>
      isIP(address) === 4 ? [address] : isIP(address) === 6 ? [`[${address}]`] : [],
    ),
  );
  return names.flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`]));
}

/** A name that ends with a dot is whole: no search domain is tried (RFC 1034, 3.1). */
function spelled(name: string): string[] {
  return name.startsWith("*") ? [name] : [name, `${name}.`];
}

export function routeConfigurations(
  mesh: Mesh,
  services: Services,
  destinations: Destinations,
  virtualHosts: VirtualHosts,
  envoyFilters: EnvoyFilters,
  others: Passthrough,
) {
  const { graph, settings } = mesh;
  const context = "SIDECAR_OUTBOUND";

  const bodyKey = (
    view: View,
    service: MeshService,
    port: MeshPort,
    filters: string,
    routeConfiguration: string,
  ): VirtualHostKey => ({
    service: service.id,
    port: port.number,
    ...destinations.call(view, service, port),
    filters,
    context,
    name: `${service.host}:${port.number}`,
    routeConfiguration,
  });

  const filtersOf = (view: View) => envoyFilters.keyFor(view.namespace, view.labels, "route", context);

  /** Which virtual hosts a view has, by names and domains: all HTTP ports in scope, and TLS ports of outside hosts (for CONNECT only). Edits of routes change nothing here. */
  const hostsOf = graph.family<View, readonly PlannedHost[]>(
    "virtual hosts of view",
    (view) => {
      const filters = filtersOf(view);
      const hosts: PlannedHost[] = [];
      const taken = new Set<string>();
      for (const id of destinations.scopeOf(view).services) {
        const service = services.byId(id);
        for (const port of service?.ports ?? []) {
          const tunnelled = (port.protocol === "tls" || port.protocol === "https") && service!.external;
          if (!isHttp(port.protocol) && !tunnelled) continue;
          // Envoy refuses a route configuration in which a domain stands twice.
          const domains = domainsOf(service!, port.number, view.namespace, settings.clusterDomain).filter(
            (domain) => !taken.has(domain),
          );
          if (domains.length === 0) continue;
          for (const domain of domains) taken.add(domain);
          const body = bodyKey(view, service!, port, filters, httpProxyRoutes);
          hosts.push({
            name: `${service!.host}:${port.number}`,
            domains,
            body,
            id: `${domains.join(",")} ${virtualHostKeyId(body)}`,
          });
        }
      }
      return hosts;
    },
    {
      id: (view) => view.id,
      equal: (a, b) => a.length === b.length && a.every((host, index) => host.id === b[index]!.id),
    },
  );

  /** Name and domains, encoded. */
  const head = graph.family<{ name: string; domains: readonly string[] }, Part>(
    "virtual host head",
    ({ name, domains }) => plainPart(VirtualHostSchema, create(VirtualHostSchema, { name, domains: [...domains] })),
    { id: ({ name, domains }) => `${name} ${domains.join(",")}` },
  );

  /** Everything the app may call through its proxy port, and a last host for everything else. */
  const httpProxy = graph.family<View, Resource>(
    "http proxy routes",
    (view) => {
      const hosts = hostsOf(view).flatMap(({ name, domains, body }) => {
        const part = virtualHosts.body(body);
        return part === undefined ? [] : [[head({ name, domains }), part]];
      });
      return assemble(mesh, envoyFilters, filtersOf(view), context, httpProxyRoutes, 0, [
        ...hosts,
        [others.virtualHost(destinations.scopeOf(view).outbound)],
      ]);
    },
    { id: (view) => view.id, equal: sameVersion },
  );

  /** One service's port alone, whatever the host header says: for the address that stands for it. Named `HOST:PORT`. */
  const callee = graph.family<ViewName, Resource | undefined>(
    "callee routes",
    ({ view, name }) => {
      const colon = name.lastIndexOf(":");
      const host = name.slice(0, colon);
      const id = destinations.scopeOf(view).services.find((entry) => entry.endsWith(`/${host}`));
      const service = id === undefined ? undefined : services.byId(id);
      const port = service?.ports.find((entry) => entry.number === Number(name.slice(colon + 1)));
      if (service === undefined || port === undefined || !isHttp(port.protocol)) return undefined;
      const filters = filtersOf(view);
      const part = virtualHosts.body(bodyKey(view, service, port, filters, name));
      return part === undefined
        ? undefined
        : assemble(mesh, envoyFilters, filters, context, name, port.number, [[head({ name, domains: ["*"] }), part]]);
    },
    { id: viewNameId, equal: sameVersion },
  );

  return (key: ViewName): Resource | undefined => (key.name === httpProxyRoutes ? httpProxy(key.view) : callee(key));
}
export type RouteConfigurations = ReturnType<typeof routeConfigurations>;
