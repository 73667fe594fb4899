import { isIP } from "node:net";
import { isDeepStrictEqual } from "node:util";
import type { Service } from "../../objects/core.ts";
import type { ServiceEntry, WorkloadEntrySpec } from "../../objects/istio.ts";
import type { Stored } from "./index/objects.ts";
import type { Mesh } from "./mesh.ts";
import { hostAndWildcards, serviceHost } from "./names.ts";
import { isHttp, namedProtocol, portProtocol, type PortProtocol } from "./protocol.ts";

export interface MeshPort {
  readonly name: string;
  readonly number: number;
  readonly protocol: PortProtocol;
  /** Where endpoints listen, when the service itself says so. */
  readonly targetPort: number | string;
}

/** A Service, or one host of a ServiceEntry: anything that can be called by name. */
export interface MeshService {
  /** `namespace/host`: identifies it, since several namespaces may declare the same outside host. */
  readonly id: string;
  readonly host: string;
  readonly name: string;
  readonly namespace: string;
  readonly kind: "Service" | "ServiceEntry";
  readonly ports: readonly MeshPort[];
  /** How endpoints are found: told by us, looked up in DNS, or whatever address the client used. */
  readonly resolution: "EDS" | "DNS" | "DNS_ROUND_ROBIN" | "NONE";
  /** Outside the mesh: no mutual TLS unless a DestinationRule says so. */
  readonly external: boolean;
  /** Namespaces that see it: `.` is its own, `*` all, `~` none. */
  readonly exportTo: readonly string[];
  readonly selector: Readonly<Record<string, string>> | undefined;
  readonly addresses: readonly string[];
  readonly endpoints: readonly WorkloadEntrySpec[];
  readonly subjectAltNames: readonly string[];
}

const exportAnnotation = "networking.istio.io/exportTo";

function fromService(stored: Stored<Service>, clusterDomain: string): MeshService {
  const spec = stored.object.spec ?? {};
  const ports = (spec.ports ?? [])
    .filter((port) => (port.protocol ?? "TCP") === "TCP")
    .map((port) => ({
      name: port.name ?? "",
      number: port.port,
      protocol: portProtocol(port),
      targetPort: port.targetPort ?? port.port,
    }));
  const host = serviceHost(stored.name, stored.namespace, clusterDomain);
  const exportTo = stored.annotations[exportAnnotation]?.split(",").map((entry) => entry.trim()) ?? ["*"];
  const alias = spec.type === "ExternalName" && spec.externalName !== undefined;
  return {
    id: `${stored.namespace}/${host}`,
    host,
    name: stored.name,
    namespace: stored.namespace,
    kind: "Service",
    ports,
    exportTo,
    resolution: alias ? "DNS" : "EDS",
    external: alias,
    selector: spec.selector,
    addresses: (spec.clusterIPs ?? [spec.clusterIP ?? ""]).filter((address) => isIP(address) !== 0),
    endpoints: alias ? [{ address: spec.externalName! }] : [],
    subjectAltNames: [],
  };
}

function fromServiceEntry(stored: Stored<ServiceEntry>, host: string): MeshService {
  const spec = stored.object.spec!;
  const resolution =
    spec.resolution === undefined || spec.resolution === "NONE"
      ? "NONE"
      : spec.resolution === "STATIC"
        ? "EDS"
        : spec.resolution;
  const endpoints = spec.endpoints ?? [];
  return {
    id: `${stored.namespace}/${host}`,
    host,
    name: stored.name,
    namespace: stored.namespace,
    kind: "ServiceEntry",
    ports: (spec.ports ?? []).map((port) => ({
      name: port.name,
      number: port.number,
      protocol: namedProtocol(port.protocol),
      targetPort: port.targetPort ?? port.number,
    })),
    resolution,
    external: spec.location !== "MESH_INTERNAL",
    exportTo: spec.exportTo ?? ["*"],
    selector: spec.workloadSelector?.labels,
    addresses: spec.addresses ?? [],
    subjectAltNames: spec.subjectAltNames ?? [],
    // With DNS and no endpoints, the host itself is looked up.
    endpoints:
      endpoints.length === 0 && (resolution === "DNS" || resolution === "DNS_ROUND_ROBIN")
        ? [{ address: host }]
        : endpoints,
  };
}

export function isVisible(exportTo: readonly string[], owner: string, viewer: string): boolean {
  return exportTo.some((entry) => entry === "*" || entry === viewer || (entry === "." && owner === viewer));
}

export function isExported(service: MeshService, viewer: string): boolean {
  return isVisible(service.exportTo, service.namespace, viewer);
}

/** The ports that are routed by HTTP. */
export function httpPorts(service: MeshService): MeshPort[] {
  return service.ports.filter((port) => isHttp(port.protocol));
}

export function services(mesh: Mesh) {
  const { graph, indexes, settings } = mesh;
  const fromServices = (found: Stored<Service>[]) =>
    found
      .map((stored) =>
        one(`Service ${stored.namespace}/${serviceHost(stored.name, stored.namespace, settings.clusterDomain)}`),
      )
      .filter((service) => service !== undefined);
  const fromEntries = (found: Stored<ServiceEntry>[], host?: string) =>
    found
      .flatMap((stored) =>
        (stored.object.spec?.hosts ?? [])
          .filter((entry) => host === undefined || entry === host)
          .map((entry) => one(`ServiceEntry ${stored.namespace}/${entry}`)),
      )
      .filter((service) => service !== undefined);

  /** One service by kind, namespace and host: unchanged content stays the same value. */
  const one = graph.family<string, MeshService | undefined>(
    "service",
    (key) => {
      const [kind, id] = key.split(" ") as [string, string];
      const [namespace, host] = id.split("/") as [string, string];
      const ofNamespace = (stored: Stored) => stored.namespace === namespace;
      if (kind === "Service")
        return indexes.serviceByHost(host, ofNamespace).map((stored) => fromService(stored, settings.clusterDomain))[0];
      return indexes.serviceEntryByHost(host, ofNamespace).map((stored) => fromServiceEntry(stored, host))[0];
    },
    { equal: isDeepStrictEqual },
  );

  /** All services of that exact host; Services come before ServiceEntries. */
  const byHost = (host: string): MeshService[] => [
    ...fromServices(indexes.serviceByHost(host)),
    ...fromEntries(indexes.serviceEntryByHost(host), host),
  ];
  const byNamespace = graph.family<string, MeshService[]>(
    "services of namespace",
    (namespace) => [
      ...fromServices(indexes.serviceByNamespace(namespace)),
      ...fromEntries(indexes.serviceEntryByNamespace(namespace)),
    ],
    { equal: sameList },
  );
  const all = graph.family<string, MeshService[]>(
    "all services",
    () => [...fromServices(indexes.services("")), ...fromEntries(indexes.serviceEntries(""))],
    { equal: sameList },
  );

  return {
    all: () => all(""),
    byNamespace,
    byHost,
    /** By `namespace/host`. */
    byId: (id: string): MeshService | undefined => one(`Service ${id}`) ?? one(`ServiceEntry ${id}`),
    /** The service that a client of this namespace means by a host: its own namespace's first, then any it can see; a wildcard entry last. */
    visible(host: string, viewer: string): MeshService | undefined {
      for (const name of hostAndWildcards(host)) {
        const found = byHost(name).filter((service) => isExported(service, viewer));
        const best = found.find((service) => service.namespace === viewer) ?? found[0];
        if (best !== undefined) return best;
      }
      return undefined;
    },
  };
}
export type Services = ReturnType<typeof services>;

export function sameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((member, index) => member === b[index]);
}
