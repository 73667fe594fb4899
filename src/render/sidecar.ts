import type { TrafficPart } from "../model/parts.ts";
import type { ConnectionPoolSettings, Sidecar } from "../objects/istio.ts";
import { head, rateLimitHost, serviceHost, systemNamespace } from "./names.ts";
import type { Reader } from "./reader.ts";

/** What the app's proxies know and may reach: the callees whose edge is open, and nothing else. */
export function sidecar(namespace: string, app: string, read: Reader): Sidecar | undefined {
  const roster = read.roster(app);
  const lane = read.homeLane(app);
  if (roster?.segment !== namespace || lane === undefined) return undefined;
  const traffic = read.part(lane.traffic, "traffic");
  const callees = Object.entries(roster.edges).filter(([, { stage, segment }]) => stage === "open" && segment !== "");
  const hosts = [
    ...callees.map(([callee, { segment }]) => `${segment}/${serviceHost(callee, segment)}`),
    ...roster.outside.filter(({ stage }) => stage === "open").map(({ host }) => `./${host}`),
    ...(traffic.rateLimits.some(({ scope }) => scope === "cluster") ? [`${systemNamespace}/${rateLimitHost}`] : []),
  ].toSorted();
  const inboundConnectionPool = inboundPool(traffic);
  return {
    ...head("Sidecar", namespace, app, { app }),
    spec: {
      workloadSelector: { labels: { app } },
      // An empty list would mean everything; `~/*` is no service at all.
      egress: [{ hosts: hosts.length > 0 ? [...new Set(hosts)] : ["~/*"] }],
      outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
      ...(inboundConnectionPool !== undefined && { inboundConnectionPool }),
    },
  };
}

function inboundPool({ inbound }: TrafficPart): ConnectionPoolSettings | undefined {
  const { maxConnections, maxPendingRequests, maxRequests } = inbound.connectionPool;
  const http = {
    ...(maxPendingRequests !== undefined && { http1MaxPendingRequests: maxPendingRequests }),
    ...(maxRequests !== undefined && { http2MaxRequests: maxRequests }),
  };
  const settings = {
    ...(maxConnections !== undefined && { tcp: { maxConnections } }),
    ...(Object.keys(http).length > 0 && { http }),
  };
  return Object.keys(settings).length > 0 ? settings : undefined;
}
