import { isDeepStrictEqual } from "node:util";
import type {
  Destination,
  HTTPMatchRequest,
  HTTPRoute,
  VirtualService,
  VirtualServiceSpec,
} from "../../objects/istio.ts";
import { matchesLabels } from "../../objects/meta.ts";
import type { Stored } from "./index/objects.ts";
import type { Mesh } from "./mesh.ts";
import { fullHost, hostAndWildcards } from "./names.ts";
import { isVisible } from "./service.ts";
import { scopeAllows, type Scope } from "./sidecar-scope.ts";

export interface Viewer {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Of a VirtualService, what decides where it holds and for whom. An edit of a timeout changes nothing here. */
interface Head {
  readonly id: string;
  readonly namespace: string;
  readonly exportTo: readonly string[];
  readonly hosts: readonly string[];
}

/** Of a VirtualService, what is looked up once for each viewer. */
export interface VirtualServiceFacts {
  readonly namespace: string;
  readonly hasHttp: boolean;
  /** For each route (HTTP, then TCP, then TLS) and match: whom it is for. */
  readonly sources: readonly (readonly Source[])[];
  /** Where HTTP routes lead. */
  readonly destinations: readonly Destination[];
  /** Hosts of all destinations, in full. */
  readonly hosts: readonly string[];
}
type Source = Pick<HTTPMatchRequest, "sourceLabels" | "sourceNamespace" | "gateways">;

const noFacts: VirtualServiceFacts = { namespace: "", hasHttp: false, sources: [], destinations: [], hosts: [] };

export function virtualServices(mesh: Mesh) {
  const { graph, indexes, settings } = mesh;

  const heads = graph.family<string, readonly Head[]>(
    "virtual services of host",
    (host) =>
      indexes.virtualServiceByHost(host, isForMesh).map((stored) => ({
        id: `${stored.namespace}/${stored.name}`,
        namespace: stored.namespace,
        exportTo: stored.object.spec?.exportTo ?? ["*"],
        hosts: (stored.object.spec?.hosts ?? []).map((entry) =>
          fullHost(entry, stored.namespace, settings.clusterDomain),
        ),
      })),
    { equal: isDeepStrictEqual },
  );

  const facts = graph.family<string, VirtualServiceFacts>(
    "virtual service",
    (id) => {
      const stored = id === "" ? undefined : indexes.virtualService(id)[0];
      if (stored === undefined) return noFacts;
      const { namespace } = stored;
      const spec = stored.object.spec;
      const source = ({ sourceLabels, sourceNamespace, gateways }: Source): Source => ({
        sourceLabels,
        sourceNamespace,
        gateways,
      });
      return {
        namespace,
        hasHttp: spec?.http !== undefined,
        sources: [...(spec?.http ?? []), ...(spec?.tcp ?? []), ...(spec?.tls ?? [])].map((route) =>
          (route.match ?? []).map(source),
        ),
        destinations: (spec?.http ?? []).flatMap((route) => (route.route ?? []).map((entry) => entry.destination)),
        hosts: [...new Set(destinationHosts(spec).map((host) => fullHost(host, namespace, settings.clusterDomain)))],
      };
    },
    { equal: isDeepStrictEqual },
  );

  return {
    /** The VirtualService that rules a host for a sidecar, as `namespace/name` or "": the most specific host, the viewer's own namespace first, then the oldest. */
    forHost(host: string, viewer: string, scope: Scope): string {
      const holds = (head: Head) =>
        isVisible(head.exportTo, head.namespace, viewer) && scopeAllows(scope.hosts, viewer, head.namespace, host);
      const pick = (found: readonly Head[]) => (found.find((head) => head.namespace === viewer) ?? found[0])?.id;
      const exact = pick(heads(host).filter(holds));
      if (exact !== undefined) return exact;
      const wild = heads("*").filter(holds);
      for (const name of wild.length === 0 ? [] : hostAndWildcards(host)) {
        const best = pick(wild.filter((head) => head.hosts.includes(name)));
        if (best !== undefined) return best;
      }
      return "";
    },
    get: (id: string): Stored<VirtualService> | undefined => (id === "" ? undefined : indexes.virtualService(id)[0]),
    facts,
  };
}
export type VirtualServices = ReturnType<typeof virtualServices>;

function isForMesh(stored: Stored<VirtualService>): boolean {
  const gateways = stored.object.spec?.gateways ?? [];
  return gateways.length === 0 || gateways.includes("mesh");
}

function destinationHosts(spec: VirtualServiceSpec | undefined): string[] {
  const http = (spec?.http ?? []).flatMap((route) => [
    ...(route.route ?? []).map((entry) => entry.destination.host),
    ...(route.mirror === undefined ? [] : [route.mirror.host]),
  ]);
  const tcp = [...(spec?.tcp ?? []), ...(spec?.tls ?? [])].flatMap((route) =>
    (route.route ?? []).map((entry) => entry.destination.host),
  );
  return [...http, ...tcp];
}

/**
 * Which matches of a VirtualService's HTTP routes are for this proxy at all, as far as its labels, namespace and gateway
 * decide: `1` or `0` for each match, routes separated by `.`. Proxies with the same answer share the same routes.
 */
export function sourceProfile(facts: VirtualServiceFacts, viewer: Viewer, gateways: ReadonlySet<string>): string {
  const forProxy = (match: Source) => fromSource(match, viewer) && throughGateway(match, gateways, facts.namespace);
  return facts.sources.map((matches) => matches.map((match) => (forProxy(match) ? "1" : "0")).join("")).join(".");
}

function fromSource(match: Source, viewer: Viewer): boolean {
  if (match.sourceNamespace !== undefined && match.sourceNamespace !== viewer.namespace) return false;
  return matchesLabels(match.sourceLabels, viewer.labels);
}

function throughGateway(match: Source, gateways: ReadonlySet<string>, owner: string): boolean {
  if (match.gateways === undefined || match.gateways.length === 0) return true;
  return match.gateways.some((gateway) =>
    gateways.has(gateway === "mesh" || gateway.includes("/") ? gateway : `${owner}/${gateway}`),
  );
}

/** The matches of a route that remain for a proxy and port; `[undefined]` when the route has none and takes everything. */
export function remainingMatches(route: HTTPRoute, profile: string, port: number): (HTTPMatchRequest | undefined)[] {
  if (route.match === undefined || route.match.length === 0) return [undefined];
  return route.match.filter(
    (match, index) => profile[index] === "1" && (match.port === undefined || match.port === port),
  );
}

/** What remains of it, once it is known to be for a proxy and port, asks nothing of a request. */
export function takesAll(match: HTTPMatchRequest): boolean {
  const { name: _, port: _port, gateways: _gateways, sourceLabels: _labels, sourceNamespace: _from, ...asked } = match;
  return Object.values(asked).every((value) => value === undefined || value === false || isEmpty(value));
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
