/** What the API tells beyond the declared documents: the parts that the OpenAPI document leaves open. */
import type { DriftedObject } from "../../src/model/drift.ts";
import type { Unhealthy } from "../../src/model/unhealthy.ts";
import type { App, Cluster, Release } from "../generated/api.ts";

export type Phase = "declared" | "starting" | "running" | "degraded";
export interface Count {
  ready: number;
  total: number;
}
export interface ClusterOfApp {
  name: string;
  revision: string | null;
  image?: string;
  weights: Record<string, number>;
  pods: Count;
  revisions: Record<string, Count & { reason?: string }>;
  ageMs: number | null;
  error?: string;
}
export interface Condition {
  type: string;
  status: "True" | "False" | "Unknown";
  reason?: string;
  message?: string;
}
export interface AppState {
  phase: Phase;
  revision: string | null;
  image?: string;
  pods: Count;
  clusters: ClusterOfApp[];
  conditions: Condition[];
}
export type AppView = Omit<App, "status"> & { status: AppState };

export interface Rule {
  methods?: string[];
  paths?: string[];
}
export interface EdgeView {
  app: string;
  segment: string;
  stage: string;
  rules: Rule[];
}
export interface ExposedHost {
  host: string;
  path: string;
  tls?: { secret: string };
  stage: string;
}
export interface ReleaseState {
  phase: string;
  step?: string | null;
  revision?: string | null;
  reason?: string;
  code?: string;
  deadline?: number;
  then?: string;
  finishedAt?: number;
  updatedAt?: number;
}
export type ReleaseDocument = Omit<Release, "status"> & { status?: ReleaseState };

export interface ClusterState {
  applied: number;
  ageMs: number | null;
  pods: Count;
  apps: number;
  error?: string;
  conditions: Condition[];
}
export type ClusterView = Omit<Cluster, "status"> & { status: ClusterState };
/** What a cluster's worker says of itself. */
export interface WorkerState {
  applied: number;
  wanted: number;
  pending: number;
  failures: { key: string; error: string }[];
  /** What was changed by hand: what waits first, then the latest. */
  drift: DriftedObject[];
  /** How many objects wait. */
  drifting: number;
  /** What isn't well by its own status. */
  unhealthy: Unhealthy;
  error?: string;
  ageMs: number | null;
}

export interface RequestMatch {
  path?: string;
  method?: string;
  headers?: Record<string, string>;
}
export interface Retries {
  attempts: number;
  perTryTimeoutMs: number;
  retryOn: string[];
}
export interface RateLimit {
  requests: number;
  unit: "second" | "minute" | "hour" | "day";
  scope: "cluster" | "instance" | "fleet";
  per?: { header: string };
  match?: RequestMatch;
  failOpen: boolean;
}
export interface Fault {
  match?: RequestMatch;
  percent: number;
  delayMs?: number;
  abort?: { status: number };
}
/** What protects an app, with every default filled in; durations in ms, 0: none. */
export interface TrafficRules {
  timeoutMs: number;
  grpcTimeoutMs: number;
  retries: Retries & { budgetPercent: number };
  perCaller: {
    connectionPool: {
      maxConnections: number;
      maxPendingRequests: number;
      maxRequests: number;
      maxRequestsPerConnection: number;
      idleTimeoutMs: number;
      connectTimeoutMs: number;
    };
    outlierDetection: {
      consecutive5xxErrors: number;
      intervalMs: number;
      baseEjectionMs: number;
      maxEjectionPercent: number;
    };
    loadBalancing: {
      policy: "leastRequest" | "roundRobin" | "random" | "consistentHash";
      hash?: { header: string } | { cookie: string; ttlMs: number } | { sourceIp: true };
      warmupMs: number;
    };
  };
  inbound: { connectionPool: { maxConnections?: number; maxPendingRequests?: number; maxRequests?: number } };
  rateLimits: RateLimit[];
  faults: Fault[];
}
/** What an app overrides for its calls, by callee. */
export type CallRules = Record<string, { timeoutMs?: number; retries?: Partial<Retries>; match?: Rule }>;
export interface RulesInCluster {
  cluster: string;
  traffic: TrafficRules;
  calls: CallRules;
  /** Callers whose calls bring a timeout or retries of their own. */
  callers: CallRules;
}
