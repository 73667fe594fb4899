import type { HTTPMatchRequest, HTTPRoute, L4MatchAttributes, VirtualService, VirtualServiceSpec } from "../../objects/istio.ts";
import { matchesLabels } from "../../objects/meta.ts";
import type { Stored } from "./index/objects.ts";
import type { Mesh } from "./mesh.ts";
import { fullHost, hostAndWildcards } from "./names.ts";
import { isVisible } from "./service.ts";
import { scopeAllows, type Scope } from "./sidecar-scope.ts";

export interface Viewer { readonly namespace: string; readonly labels: Readonly<Record<string, string>> }

export function virtualServices(mesh: Mesh) {
  const { indexes, settings } = mesh;
  return {
    /** The VirtualService that rules a host for a sidecar, as `namespace/name` or "": the most specific host, the viewer's own namespace first, then the oldest. */
    forHost(host: string, viewer: string, scope: Scope): string {
      for (const name of hostAndWildcards(host)) {
        const found = indexes.virtualServiceByHost(name, (stored) => isForMesh(stored) && isVisible(stored.object.spec?.exportTo ?? ["*"], stored.namespace, viewer) && scopeAllows(scope.hosts, viewer, stored.namespace, host));
        const best = found.find((stored) => stored.namespace === viewer) ?? found[0];
        if (best !== undefined) return `${best.namespace}/${best.name}`;
      }
      return "";
    },
    get: (id: string): Stored<VirtualService> | undefined => (id === "" ? undefined : indexes.virtualService(id)[0]),
    /** Hosts of all destinations, in full. */
    destinationHosts(id: string): string[] {
      const stored = id === "" ? undefined : indexes.virtualService(id)[0];
      return stored === undefined ? [] : [...new Set(destinations(stored.object.spec).map((host) => fullHost(host, stored.namespace, settings.clusterDomain)))];
    },
  };
}
export type VirtualServices = ReturnType<typeof virtualServices>;

function isForMesh(stored: Stored<VirtualService>): boolean {
  const gateways = stored.object.spec?.gateways ?? [];
  return gateways.length === 0 || gateways.includes("mesh");
}

function destinations(spec: VirtualServiceSpec | undefined): string[] {
  const http = (spec?.http ?? []).flatMap((route) => [...(route.route ?? []).map((entry) => entry.destination.host), ...(route.mirror === undefined ? [] : [route.mirror.host])]);
  const tcp = [...(spec?.tcp ?? []), ...(spec?.tls ?? [])].flatMap((route) => (route.route ?? []).map((entry) => entry.destination.host));
  return [...http, ...tcp];
}

/**
 * Which matches of a VirtualService's HTTP routes are for this proxy at all, as far as its labels, namespace and gateway
 * decide: `1` or `0` for each match, routes separated by `.`. Proxies with the same answer share the same routes.
 */
export function sourceProfile(spec: VirtualServiceSpec | undefined, viewer: Viewer, gateways: ReadonlySet<string>, owner: string): string {
  const forProxy = (match: HTTPMatchRequest | L4MatchAttributes) => fromSource(match, viewer) && throughGateway(match, gateways, owner);
  const routes = [...(spec?.http ?? []), ...(spec?.tcp ?? [])];
  return routes.map((route) => (route.match ?? []).map((match) => (forProxy(match) ? "1" : "0")).join("")).join(".");
}

function fromSource(match: HTTPMatchRequest | L4MatchAttributes, viewer: Viewer): boolean {
  if (match.sourceNamespace !== undefined && match.sourceNamespace !== viewer.namespace) return false;
  return matchesLabels(match.sourceLabels, viewer.labels as Record<string, string>);
}

function throughGateway(match: HTTPMatchRequest | L4MatchAttributes, gateways: ReadonlySet<string>, owner: string): boolean {
  if (match.gateways === undefined || match.gateways.length === 0) return true;
  return match.gateways.some((gateway) => gateways.has(gateway === "mesh" || gateway.includes("/") ? gateway : `${owner}/${gateway}`));
}

/** The matches of a route that remain for a proxy and port; `[undefined]` when the route has none and takes everything. */
export function remainingMatches(route: HTTPRoute, profile: string, port: number): (HTTPMatchRequest | undefined)[] {
  if (route.match === undefined || route.match.length === 0) return [undefined];
  return route.match.filter((match, index) => profile[index] === "1" && (match.port === undefined || match.port === port));
}
