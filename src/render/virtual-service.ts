import { isHttp } from "../model/protocol.ts";
import type { Protocol } from "../model/rows.ts";
import type { TCPRoute, TLSRoute, VirtualService } from "../objects/istio.ts";
import { httpRoutes, weighted, type OverridingCaller } from "./http-routes.ts";
import { head, serviceHost } from "./names.ts";
import type { Reader } from "./reader.ts";

/** The app's one VirtualService in the mesh: weights, timeout, retries, faults, and rules for callers that override something. */
export function virtualService(namespace: string, app: string, read: Reader): VirtualService | undefined {
  const roster = read.roster(app);
  const values = read.values(app);
  const traffic = read.traffic(app);
  if (roster?.segment !== namespace || values === undefined || traffic === undefined || roster.ports.length === 0)
    return undefined;
  const host = serviceHost(app, namespace);
  const inService = weighted(host, values).length > 0;
  const portsOf = (protocol: Protocol) => (inService ? roster.ports.filter((port) => port.protocol === protocol) : []);
  const tcp = portsOf("tcp").map(({ port }): TCPRoute => ({ match: [{ port }], route: weighted(host, values, port) }));
  // Istio routes TLS that it doesn't end by SNI alone.
  const tls = portsOf("tls").map(({ port }): TLSRoute => ({
    match: [{ port, sniHosts: [host] }],
    route: weighted(host, values, port),
  }));
  const http = roster.ports.some(({ protocol }) => isHttp(protocol))
    ? httpRoutes(host, roster.ports, values, traffic, overridingCallers(app, read))
    : [];
  // Without a route (nothing of a TCP app is in service) there is no object that Istio would accept.
  if (http.length + tcp.length + tls.length === 0) return undefined;
  return {
    ...head("VirtualService", namespace, app, { app }),
    spec: {
      hosts: [host],
      ...(http.length > 0 && { http }),
      ...(tls.length > 0 && { tls }),
      ...(tcp.length > 0 && { tcp }),
    },
  };
}

/** Callers with pods here, an edge that may be in use, and something of their own to say about it. */
function overridingCallers(app: string, read: Reader): OverridingCaller[] {
  return read.callersOf(app).flatMap((caller) => {
    const roster = read.roster(caller);
    const edge = roster?.edges[app];
    if (roster === undefined || edge === undefined || edge.stage === "wanted" || edge.stage === "gone") return [];
    const lane = read.homeLane(caller);
    const overrides = lane === undefined ? undefined : read.part(lane.calls, "calls")[app];
    return overrides === undefined ? [] : [{ app: caller, segment: roster.segment, overrides }];
  });
}
