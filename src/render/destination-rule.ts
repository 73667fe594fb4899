import type { LoadBalancing, TrafficPart } from "../model/parts.ts";
import type { DestinationRule, LoadBalancerSettings, TrafficPolicy } from "../objects/istio.ts";
import { byRevision, head, revisionLabel, seconds, serviceHost } from "./names.ts";
import type { Reader } from "./reader.ts";

/**
 * What each calling proxy holds towards the app, and one subset for every revision of the Roster. A subset is of its own
 * pods once they were ready here; until then it is another name for the good revision, so that a route made in a cluster
 * that is further along never meets an empty subset.
 */
export function destinationRule(namespace: string, app: string, read: Reader): DestinationRule | undefined {
  const roster = read.roster(app);
  const values = read.values(app);
  const traffic = read.traffic(app);
  if (roster?.segment !== namespace || values === undefined || traffic === undefined || roster.ports.length === 0)
    return undefined;
  const home = read.homeLane(app);
  const labelsOf = (revision: string) =>
    home === undefined || home.good === null || home.ready.includes(revision) ? revision : home.good;
  return {
    ...head("DestinationRule", namespace, app, { app }),
    spec: {
      host: serviceHost(app, namespace),
      trafficPolicy: trafficPolicy(traffic),
      subsets: roster.revisions
        .toSorted(byRevision)
        .map((revision) => ({ name: revision, labels: { [revisionLabel]: labelsOf(revision) } })),
    },
  };
}

function trafficPolicy({ perCaller, retries }: TrafficPart): TrafficPolicy {
  const { connectionPool: pool, outlierDetection: outlier, loadBalancing } = perCaller;
  return {
    connectionPool: {
      tcp: { maxConnections: pool.maxConnections, connectTimeout: seconds(pool.connectTimeoutMs) },
      http: {
        http1MaxPendingRequests: pool.maxPendingRequests,
        http2MaxRequests: pool.maxRequests,
        ...(pool.maxRequestsPerConnection > 0 && { maxRequestsPerConnection: pool.maxRequestsPerConnection }),
        idleTimeout: seconds(pool.idleTimeoutMs),
      },
    },
    loadBalancer: loadBalancer(loadBalancing),
    ...(outlier.consecutive5xxErrors > 0 && {
      outlierDetection: {
        consecutive5xxErrors: outlier.consecutive5xxErrors,
        interval: seconds(outlier.intervalMs),
        baseEjectionTime: seconds(outlier.baseEjectionMs),
        maxEjectionPercent: outlier.maxEjectionPercent,
      },
    }),
    // Three retries at a time are always allowed: a percentage of few requests would be none.
    retryBudget: { percent: retries.budgetPercent, minRetryConcurrency: 3 },
  };
}

function loadBalancer({ policy, hash, warmupMs }: LoadBalancing): LoadBalancerSettings {
  const warmup = warmupMs > 0 ? { warmup: { duration: seconds(warmupMs) } } : {};
  if (policy !== "consistentHash" || hash === undefined) {
    const simple = {
      leastRequest: "LEAST_REQUEST",
      roundRobin: "ROUND_ROBIN",
      random: "RANDOM",
      consistentHash: "LEAST_REQUEST",
    } as const;
    return { simple: simple[policy], ...warmup };
  }
  if ("header" in hash) return { consistentHash: { httpHeaderName: hash.header }, ...warmup };
  if ("cookie" in hash)
    return { consistentHash: { httpCookie: { name: hash.cookie, ttl: seconds(hash.ttlMs) } }, ...warmup };
  return { consistentHash: { useSourceIp: true }, ...warmup };
}
