import type {
  CallRules,
  Fault,
  RateLimit,
  RequestMatch,
  Retries,
  Rule,
  RulesInCluster,
  TrafficRules,
} from "../../api/views.ts";
import { count, duration, list } from "../../ui/format.ts";

/** What the app speaks, for a rule counts for some protocols only. */
export type Speech = "http" | "grpc" | "tcp";
export interface RuleGroup {
  title: string;
  rules: string[];
}

/** Traffic rules in plain words: what they do to a request, not what their fields are called. Pure. */
export function rulesInWords(
  traffic: TrafficRules,
  calls: CallRules,
  speaks: readonly Speech[],
  callers: CallRules = {},
): RuleGroup[] {
  const requests = speaks.includes("http") || speaks.includes("grpc");
  return [
    { title: "Time", rules: timeRules(traffic, speaks) },
    { title: "Trying again", rules: requests ? retryRules(traffic.retries) : [] },
    {
      title: "Not for everybody",
      rules: Object.entries(callers).flatMap(([caller, own]) => callerRule(caller, own)),
    },
    { title: "How much at once", rules: poolRules(traffic, requests) },
    { title: "How often", rules: requests ? traffic.rateLimits.map(rateLimitRule) : [] },
    { title: "Failing replicas", rules: breakerRules(traffic) },
    { title: "Which replica", rules: balancingRules(traffic, requests) },
    { title: "Failures on purpose", rules: requests ? traffic.faults.map(faultRule) : [] },
    {
      title: "When it calls others",
      rules: Object.entries(calls).flatMap(([callee, call]) => callRules(callee, call)),
    },
  ].filter(({ rules }) => rules.length > 0);
}

type SameRules = Omit<RulesInCluster, "cluster"> & { clusters: string[] };

/** Clusters with the same rules together, in the order of their names. */
export function sameRules(clusters: readonly RulesInCluster[]): SameRules[] {
  const groups = new Map<string, SameRules>();
  for (const { cluster, ...rules } of clusters) {
    const key = JSON.stringify([rules.traffic, rules.calls, rules.callers]);
    const group = groups.get(key) ?? { clusters: [], ...rules };
    group.clusters.push(cluster);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function timeRules({ timeoutMs, grpcTimeoutMs, perCaller }: TrafficRules, speaks: readonly Speech[]): string[] {
  const { connectTimeoutMs, idleTimeoutMs } = perCaller.connectionPool;
  return [
    ...(speaks.includes("http")
      ? [
          timeoutMs > 0
            ? `Answers within ${duration(timeoutMs)}, or the caller gets 504.`
            : "May take as long as it likes: no timeout.",
        ]
      : []),
    ...(speaks.includes("grpc")
      ? [
          grpcTimeoutMs > 0
            ? `A gRPC call ends within ${duration(grpcTimeoutMs)}, or fails.`
            : "A gRPC call may last as long as it likes: no timeout.",
        ]
      : []),
    `A caller connects within ${duration(connectTimeoutMs)}, or the attempt has failed.`,
    ...(speaks.includes("tcp") && idleTimeoutMs > 0
      ? [`A connection without traffic is closed after ${duration(idleTimeoutMs)}.`]
      : []),
  ];
}

function retryRules({ budgetPercent, ...retries }: TrafficRules["retries"]): string[] {
  if (retries.attempts === 0) return ["A failed request is not tried again."];
  return [
    `A request is tried again ${times(retries)}.`,
    `At most ${budgetPercent} % of a caller’s requests may be further tries.`,
  ];
}

function times({ attempts, perTryTimeoutMs, retryOn }: Retries): string {
  const each = perTryTimeoutMs > 0 ? `, each try for ${duration(perTryTimeoutMs)},` : "";
  return `up to ${attempts === 1 ? "once" : `${attempts} times`}${each} after ${list(conditions(retryOn), "or")}`;
}

const conditionWords: Readonly<Record<string, string>> = {
  "5xx": "any failure (5xx)",
  "gateway-error": "502, 503 or 504",
  reset: "a broken connection",
  "reset-before-request": "a connection that broke before the request",
  "connect-failure": "a failed connection",
  "refused-stream": "a refused stream",
  "retriable-4xx": "409",
  cancelled: "CANCELLED",
  "deadline-exceeded": "DEADLINE_EXCEEDED",
  internal: "INTERNAL",
  "resource-exhausted": "RESOURCE_EXHAUSTED",
  unavailable: "UNAVAILABLE",
  "envoy-ratelimited": "a rate limit of the proxy",
};

/** Envoy's conditions in words. `retriable-status-codes` stands for the codes beside it, and for nothing without any. */
function conditions(retryOn: readonly string[]): string[] {
  return retryOn.flatMap((condition) =>
    condition === "retriable-status-codes" ? [] : [conditionWords[condition] ?? condition],
  );
}

function poolRules({ perCaller, inbound }: TrafficRules, requests: boolean): string[] {
  const { maxConnections, maxPendingRequests, maxRequests, maxRequestsPerConnection } = perCaller.connectionPool;
  const own = inbound.connectionPool;
  return [
    ...(requests
      ? [
          `At most ${count(maxRequests, "request")} at once from each caller; ${maxPendingRequests.toLocaleString("en")} more may wait for a connection. Beyond that: 503.`,
        ]
      : []),
    `At most ${count(maxConnections, "connection")} from each caller.`,
    ...(maxRequestsPerConnection > 0 && requests
      ? [`A connection is closed after ${count(maxRequestsPerConnection, "request")}.`]
      : []),
    ...(own.maxRequests !== undefined && requests
      ? [
          `Each replica takes at most ${count(own.maxRequests, "request")} at once, whoever calls${own.maxPendingRequests === undefined ? "" : `; ${own.maxPendingRequests.toLocaleString("en")} more may wait`}. Beyond that: 503.`,
        ]
      : []),
    ...(own.maxConnections !== undefined
      ? [`Each replica’s proxy opens at most ${count(own.maxConnections, "connection")} to it.`]
      : []),
  ];
}

function breakerRules({ perCaller: { outlierDetection } }: TrafficRules): string[] {
  const { consecutive5xxErrors, baseEjectionMs, maxEjectionPercent } = outlierDetection;
  if (consecutive5xxErrors === 0) return ["A failing replica stays in use."];
  return [
    `After ${count(consecutive5xxErrors, "error")} in a row a caller leaves a replica out for ${duration(baseEjectionMs)}, longer each time; never more than ${maxEjectionPercent} % of them.`,
  ];
}

function balancingRules({ perCaller: { loadBalancing } }: TrafficRules, requests: boolean): string[] {
  const { policy, hash, warmupMs } = loadBalancing;
  const what = requests ? "requests" : "connections";
  return [
    policy === "consistentHash" && hash !== undefined
      ? `The same ${"header" in hash ? `value of ${hash.header}` : "cookie" in hash ? `cookie ${hash.cookie}` : "client address"} always reaches the same replica.`
      : policy === "roundRobin"
        ? "Replicas take turns."
        : policy === "random"
          ? "A replica is chosen at random."
          : `The replica with the fewest ${what} under way is preferred.`,
    ...(warmupMs > 0 ? [`A new replica’s share grows over ${duration(warmupMs)}.`] : []),
  ];
}

function rateLimitRule({ requests, unit, scope, per, match, failOpen }: RateLimit): string {
  const who = per === undefined ? "" : ` for each value of ${per.header}`;
  const where =
    scope === "instance"
      ? "each replica by itself"
      : scope === "cluster"
        ? "all replicas in a cluster together"
        : "the whole fleet together";
  return `${count(requests, "request")} a ${unit}${who}${matching(match)}, ${where}; then 429.${failOpen ? "" : " When the limit can’t be asked: refused."}`;
}

function faultRule({ match, percent, delayMs, abort }: Fault): string {
  const what = [
    ...(delayMs === undefined ? [] : [`wait ${duration(delayMs)}`]),
    ...(abort === undefined ? [] : [`get ${abort.status}`]),
  ];
  return `${percent} % of the requests${matching(match)} ${list(what)}.`;
}

function matching(match: RequestMatch | undefined): string {
  if (match === undefined) return "";
  const headers = Object.entries(match.headers ?? {}).map(([name, value]) => `${name}: ${value}`);
  return `${match.method === undefined ? "" : ` with ${match.method}`}${match.path === undefined ? "" : ` to ${match.path}`}${headers.length === 0 ? "" : ` with ${list(headers)}`}`;
}

/** A caller that brings its own: the app's timeout or retries don't count for it. */
function callerRule(caller: string, { timeoutMs, retries, match }: CallRules[string]): string[] {
  const said = [
    ...(timeoutMs === undefined ? [] : [timeoutMs === 0 ? "any time" : `${duration(timeoutMs)} in all`]),
    ...(retries?.attempts === undefined
      ? []
      : [retries.attempts === 0 ? "no retry" : count(retries.attempts, "retry", "retries")]),
    ...(retries?.perTryTimeoutMs === undefined ? [] : [`${duration(retries.perTryTimeoutMs)} for each try`]),
  ];
  const on = match === undefined ? "" : ` (${ruleInWords(match)})`;
  return said.length === 0 ? [] : [`${caller}${on} brings its own: ${list(said)}.`];
}

function callRules(callee: string, { timeoutMs, retries, match }: CallRules[string]): string[] {
  const on = match === undefined ? "" : ` (${ruleInWords(match)})`;
  return [
    ...(timeoutMs === undefined
      ? []
      : [
          timeoutMs === 0
            ? `Waits for ${callee}${on} as long as it takes.`
            : `Waits at most ${duration(timeoutMs)} for ${callee}${on}.`,
        ]),
    ...(retries?.attempts === undefined
      ? []
      : [
          retries.attempts === 0
            ? `Never tries a call to ${callee}${on} again.`
            : `Tries a call to ${callee}${on} again up to ${retries.attempts === 1 ? "once" : `${retries.attempts} times`}.`,
        ]),
    ...(retries?.perTryTimeoutMs === undefined || retries.perTryTimeoutMs === 0
      ? []
      : [`Gives each try to ${callee}${on} ${duration(retries.perTryTimeoutMs)}.`]),
  ];
}

/** `GET, POST /orders/*`; every request when nothing is said. */
export function ruleInWords({ methods, paths }: Rule): string {
  return [methods?.join(", "), paths?.join(", ")].filter((part) => part !== undefined).join(" ") || "every request";
}
