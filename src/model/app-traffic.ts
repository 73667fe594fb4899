import { Type } from "typebox";
import type { Static } from "typebox";
import { closed, duration, HttpMethod, oneOf, optional, PathPattern } from "./schema.ts";

/** Conditions of Envoy's router (`x-envoy-retry-on`, `x-envoy-retry-grpc-on`), or a status code. */
const retryConditions = [
  "5xx",
  "gateway-error",
  "reset",
  "reset-before-request",
  "connect-failure",
  "retriable-4xx",
  "refused-stream",
  "retriable-status-codes",
  "retriable-headers",
  "http3-post-connect-failure",
  "cancelled",
  "deadline-exceeded",
  "internal",
  "resource-exhausted",
  "unavailable",
  "envoy-ratelimited",
];
const RetryOn = Type.Union(
  [
    oneOf(retryConditions, "A condition of Envoy's router."),
    Type.Integer({ minimum: 400, maximum: 599, description: "A status code." }),
  ],
  { description: "When to try again: conditions of Envoy's router, or status codes." },
);

export const Retries = closed({
  attempts: optional(
    Type.Integer({ minimum: 0, maximum: 10, description: "Further tries after the first. 0: none. Default 2." }),
  ),
  perTryTimeout: optional(
    duration("Longest time of each try. Default: the timeout of the whole request.", { minimum: "1ms", maximum: "1h" }),
  ),
  retryOn: optional(Type.Array(RetryOn, { minItems: 1 })),
});

const pool = {
  maxConnections: optional(Type.Integer({ minimum: 1, maximum: 1_000_000, description: "Connections at a time." })),
  maxPendingRequests: optional(
    Type.Integer({ minimum: 1, maximum: 1_000_000, description: "Requests that wait for a connection." }),
  ),
  maxRequests: optional(Type.Integer({ minimum: 1, maximum: 1_000_000, description: "Requests at a time." })),
};
const CallerPool = closed(
  {
    ...pool,
    maxRequestsPerConnection: optional(
      Type.Integer({
        minimum: 0,
        maximum: 1_000_000,
        description: "Requests before a connection is closed. 0: no limit.",
      }),
    ),
    idleTimeout: optional(
      duration("Close a connection after this long without requests. Default 1h.", { minimum: "1ms", maximum: "24h" }),
    ),
    connectTimeout: optional(duration("Longest time to connect. Default 1s.", { minimum: "1ms", maximum: "1m" })),
  },
  { description: "Connection pool of each calling proxy towards this app." },
);

const OutlierDetection = closed(
  {
    consecutive5xxErrors: optional(
      Type.Integer({
        minimum: 0,
        maximum: 1_000_000,
        description: "Errors in a row before a replica is ejected. 0: never. Default 5.",
      }),
    ),
    interval: optional(duration("Time between two sweeps. Default 10s.", { minimum: "1ms", maximum: "1h" })),
    baseEjectionTime: optional(
      duration("Shortest ejection; it grows with each further one. Default 30s.", { minimum: "1ms", maximum: "24h" }),
    ),
    maxEjectionPercent: optional(
      Type.Integer({
        minimum: 0,
        maximum: 100,
        description: "Most replicas that may be ejected, in percent. Default 50.",
      }),
    ),
  },
  { description: "The circuit breaker of each calling proxy: a failing replica gets no requests for a while." },
);

const LoadBalancing = closed({
  policy: optional(oneOf(["leastRequest", "roundRobin", "random"], "How a replica is chosen. Default leastRequest.")),
  consistentHash: optional(
    Type.Union(
      [
        closed({ header: Type.String({ minLength: 1, description: "Same value of this header, same replica." }) }),
        closed({
          cookie: Type.String({ minLength: 1, description: "Same cookie, same replica." }),
          ttl: optional(duration("Life of a cookie that the proxy sets. 0s: a session cookie.")),
        }),
        closed({ sourceIp: Type.Literal(true, { description: "Same client address, same replica." }) }),
      ],
      { description: "Send requests that belong together to the same replica." },
    ),
  ),
  warmup: optional(duration("Time over which a new replica's share grows. Default: none.", { maximum: "1h" })),
});

export const RequestMatch = closed(
  {
    path: optional(PathPattern),
    method: optional(HttpMethod),
    headers: optional(
      Type.Record(Type.String({ pattern: "^[A-Za-z0-9-]+$" }), Type.String(), {
        description: "Headers with exactly these values.",
      }),
    ),
  },
  { description: "Which requests. All given conditions must hold." },
);

const RateLimit = closed({
  requests: Type.Integer({ minimum: 1, maximum: 1_000_000_000, description: "Requests in each unit." }),
  unit: oneOf(["second", "minute", "hour", "day"], "Length of the window."),
  scope: optional(
    oneOf(
      ["cluster", "instance", "fleet"],
      "Who shares the limit: all replicas in a cluster together (default), or each replica on its own.",
    ),
  ),
  per: optional(
    closed({
      header: Type.String({
        minLength: 1,
        description:
          "Each value of this header has a limit of its own. A request without the header isn't limited by it.",
      }),
    }),
  ),
  match: optional(RequestMatch),
  failOpen: optional(
    Type.Boolean({ description: "Let requests through when the limit can't be asked. Default true." }),
  ),
});

const Fault = closed({
  match: optional(RequestMatch),
  percent: optional(
    Type.Number({ minimum: 0, maximum: 100, description: "Share of the requests, in percent. Default 100." }),
  ),
  delay: optional(duration("Wait this long first.", { minimum: "1ms", maximum: "1h" })),
  abort: optional(
    closed({ status: Type.Integer({ minimum: 200, maximum: 599, description: "Answer with this status instead." }) }),
  ),
});

/** What protects the app, on the callers' side and on its own. */
export const AppTraffic = closed(
  {
    timeout: optional(
      duration("Longest time of a request, retries included. 0s: none. Default 15s for HTTP, none for gRPC and TCP.", {
        maximum: "24h",
      }),
    ),
    retries: optional(
      closed(
        {
          ...Retries.properties,
          budgetPercent: optional(
            Type.Number({
              minimum: 0,
              maximum: 100,
              description: "Most retries at a time, in percent of the active requests. Default 20.",
            }),
          ),
        },
        { description: "Tries after a failure, made by each calling proxy." },
      ),
    ),
    perCaller: optional(
      closed(
        {
          connectionPool: optional(CallerPool),
          outlierDetection: optional(OutlierDetection),
          loadBalancing: optional(LoadBalancing),
        },
        { description: "Held by each calling proxy." },
      ),
    ),
    inbound: optional(
      closed({ connectionPool: optional(closed(pool)) }, { description: "Held by each replica, whoever calls." }),
    ),
    rateLimits: optional(
      Type.Array(RateLimit, {
        maxItems: 50,
        description: "How many requests may be made. A request must pass every limit that it matches.",
      }),
    ),
    faults: optional(
      Type.Array(Fault, {
        maxItems: 20,
        description: "Failures made on purpose, for tests. The first that matches a request counts.",
      }),
    ),
  },
  { description: "What protects the app." },
);
export type AppTraffic = Static<typeof AppTraffic>;
