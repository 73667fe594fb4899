import type { AppSpec } from "./app.ts";
import { durationMs } from "./duration.ts";
import type { Fault, LoadBalancing, RateLimit, RequestMatch, TrafficPart } from "./parts.ts";
import { overlaysOf } from "./resolve-overlay.ts";
import type { TokenIssuerSpec } from "./token-issuer.ts";
import type { Static } from "typebox";

type Traffic = NonNullable<AppSpec["traffic"]>;
type Caller = NonNullable<Traffic["perCaller"]>;

/** `timeoutIsDefault`: nobody gave the timeout, so that it holds for HTTP only. */
export function trafficPart(
  spec: AppSpec,
  issuers: ReadonlyMap<string, Static<typeof TokenIssuerSpec>>,
  timeoutIsDefault: boolean,
): TrafficPart {
  const traffic = spec.traffic!;
  const retries = traffic.retries!;
  const pool = traffic.perCaller!.connectionPool!;
  const outlier = traffic.perCaller!.outlierDetection!;
  const names = [...new Set((spec.expose ?? []).flatMap(({ jwt }) => jwt ?? []))]
    .filter((name) => issuers.has(name))
    .toSorted();
  const given = traffic.timeout;
  return {
    timeoutMs: given === undefined ? 0 : durationMs(given),
    grpcTimeoutMs: given === undefined || timeoutIsDefault ? 0 : durationMs(given),
    retries: {
      attempts: retries.attempts!,
      perTryTimeoutMs: durationMs(retries.perTryTimeout!),
      retryOn: retries.retryOn!.map(String),
      budgetPercent: retries.budgetPercent!,
    },
    perCaller: {
      connectionPool: {
        maxConnections: pool.maxConnections!,
        maxPendingRequests: pool.maxPendingRequests!,
        maxRequests: pool.maxRequests!,
        maxRequestsPerConnection: pool.maxRequestsPerConnection!,
        idleTimeoutMs: durationMs(pool.idleTimeout!),
        connectTimeoutMs: durationMs(pool.connectTimeout!),
      },
      outlierDetection: {
        consecutive5xxErrors: outlier.consecutive5xxErrors!,
        intervalMs: durationMs(outlier.interval!),
        baseEjectionMs: durationMs(outlier.baseEjectionTime!),
        maxEjectionPercent: outlier.maxEjectionPercent!,
      },
      loadBalancing: loadBalancing(traffic.perCaller!.loadBalancing!),
    },
    inbound: { connectionPool: { ...traffic.inbound?.connectionPool } },
    rateLimits: traffic.rateLimits!.map(rateLimit),
    faults: traffic.faults!.map(fault),
    issuers: Object.fromEntries(
      names.map((name) => {
        const { issuer, audiences = [], jwks, jwksUri } = issuers.get(name)!;
        return [
          name,
          { issuer, audiences, ...(jwks !== undefined && { jwks }), ...(jwksUri !== undefined && { jwksUri }) },
        ];
      }),
    ),
    overlay: overlaysOf(spec).traffic,
  };
}

function loadBalancing({ policy, consistentHash, warmup }: NonNullable<Caller["loadBalancing"]>): LoadBalancing {
  const warmupMs = durationMs(warmup!);
  if (consistentHash === undefined) return { policy: policy!, warmupMs };
  if ("cookie" in consistentHash)
    return {
      policy: "consistentHash",
      hash: { cookie: consistentHash.cookie, ttlMs: durationMs(consistentHash.ttl ?? "0s") },
      warmupMs,
    };
  return {
    policy: "consistentHash",
    hash: "header" in consistentHash ? { header: consistentHash.header } : { sourceIp: true },
    warmupMs,
  };
}

function rateLimit({
  requests,
  unit,
  scope = "cluster",
  per,
  match,
  failOpen = true,
}: NonNullable<Traffic["rateLimits"]>[number]): RateLimit {
  return {
    requests,
    unit,
    scope,
    ...(per !== undefined && { per: { header: per.header.toLowerCase() } }),
    ...(match !== undefined && { match: requestMatch(match) }),
    failOpen,
  };
}

function fault({ match, percent = 100, delay, abort }: NonNullable<Traffic["faults"]>[number]): Fault {
  return {
    ...(match !== undefined && { match: requestMatch(match) }),
    percent,
    ...(delay !== undefined && { delayMs: durationMs(delay) }),
    ...(abort !== undefined && { abort }),
  };
}

/** Header names are lower case on the wire of HTTP/2, and so in Envoy's configuration. */
function requestMatch({ path, method, headers }: RequestMatch): RequestMatch {
  return {
    ...(path !== undefined && { path }),
    ...(method !== undefined && { method }),
    ...(headers !== undefined && {
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    }),
  };
}
