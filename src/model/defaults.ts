import type { AppDefaults } from "./segment.ts";

/** What an App leaves out, in its own words. A Policy can set each of these. */
export const fleetDefaults = {
  workload: {
    replicas: { min: 2, max: 10, targetCPU: 70 },
    terminationGracePeriod: "30s",
    drain: "5s",
  },
  traffic: {
    retries: {
      attempts: 2,
      perTryTimeout: "0s",
      retryOn: ["connect-failure", "refused-stream", "unavailable", "cancelled", "retriable-status-codes"],
      budgetPercent: 20,
    },
    perCaller: {
      connectionPool: {
        maxConnections: 1024,
        maxPendingRequests: 1024,
        maxRequests: 1024,
        maxRequestsPerConnection: 0,
        idleTimeout: "1h",
        connectTimeout: "1s",
      },
      outlierDetection: { consecutive5xxErrors: 5, interval: "10s", baseEjectionTime: "30s", maxEjectionPercent: 50 },
      loadBalancing: { policy: "leastRequest", warmup: "0s" },
    },
    rateLimits: [],
    faults: [],
  },
  rollout: {
    strategy: "canary",
    steps: [
      { weight: 5, hold: "60s" },
      { weight: 25, hold: "60s" },
      { weight: 50, hold: "60s" },
    ],
    analysis: { interval: "10s", minRequests: 50, failureLimit: 3, noTraffic: "pass" },
    waves: [{}],
    progressDeadline: "10m",
    trafficFirst: false,
    onFailure: "rollback",
  },
} as const satisfies DeepReadonly<AppDefaults>;

type DeepReadonly<T> = T extends readonly (infer I)[]
  ? readonly DeepReadonly<I>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

/** Longest time of an HTTP request that nobody gave one; gRPC (streams may last) and TCP have none. */
export const defaultHttpTimeout = "15s";
export const defaultPorts = [{ name: "http", port: 8080 }];
export const defaultHold = "60s";
