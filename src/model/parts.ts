/**
 * The resolved parts of an App for one cluster: every default, Policy and override is filled in and every
 * duration is in milliseconds, so that whoever reads one needs no other source.
 */
import type { Protocol, Rule } from "./rows.ts";

export interface ProbeSpec {
  kind: "http";
  path: string;
  port: string;
}
export interface TcpProbe {
  kind: "tcp";
  port: string;
}

/** A checked JSON merge patch of rendered objects (the App's `overlay`). */
export interface Overlay {
  kind: string;
  name?: string;
  patch: Record<string, unknown>;
}

export interface WorkloadPart {
  app: string;
  segment: string;
  team: string;
  labels: Record<string, string>;
  /** With tag or digest. Embedded artifacts are `quipu.local/APP@sha256:DIGEST`. */
  image: string;
  command: string[];
  ports: { name: string; port: number; protocol: Protocol }[];
  env: {
    name: string;
    value?: string;
    secret?: { name: string; key: string };
    config?: { name: string; key: string };
  }[];
  files: { path: string; config?: string; secret?: string; key?: string }[];
  resources: { requests: Record<string, string>; limits: Record<string, string> };
  /** null: the app has no port, and is ready as long as it runs. */
  readiness: ProbeSpec | TcpProbe | null;
  liveness: ProbeSpec | TcpProbe | null;
  terminationGraceMs: number;
  drainMs: number;
  spread: "zone" | "none";
  /** Of the Deployment: it changes the pods, and so makes a revision like any other change of them. Absent: none. */
  overlay?: Overlay[];
}

export interface ScalePart {
  min: number;
  max: number;
  targetCPU: number;
}

export interface ConnectionPool {
  maxConnections: number;
  maxPendingRequests: number;
  maxRequests: number;
  /** 0: no limit. */
  maxRequestsPerConnection: number;
  idleTimeoutMs: number;
  connectTimeoutMs: number;
}
export interface OutlierDetectionPart {
  consecutive5xxErrors: number;
  intervalMs: number;
  baseEjectionMs: number;
  maxEjectionPercent: number;
}
export interface LoadBalancing {
  policy: "leastRequest" | "roundRobin" | "random" | "consistentHash";
  hash?: { header: string } | { cookie: string; ttlMs: number } | { sourceIp: true };
  warmupMs: number;
}
/** perTryTimeoutMs 0: none of its own. */
export interface Retries {
  attempts: number;
  perTryTimeoutMs: number;
  retryOn: string[];
}
export type RateUnit = "second" | "minute" | "hour" | "day";
export interface RequestMatch {
  path?: string;
  method?: string;
  headers?: Record<string, string>;
}
export interface RateLimit {
  requests: number;
  unit: RateUnit;
  /** cluster: all replicas in a cluster together; instance: each replica on its own. */
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

export interface TrafficPart {
  /** Of HTTP requests; 0: none. */
  timeoutMs: number;
  /** Of gRPC requests, which have none unless somebody gave one; 0: none. */
  grpcTimeoutMs: number;
  retries: Retries & { budgetPercent: number };
  perCaller: { connectionPool: ConnectionPool; outlierDetection: OutlierDetectionPart; loadBalancing: LoadBalancing };
  /** An absent field: no limit. */
  inbound: { connectionPool: Partial<Pick<ConnectionPool, "maxConnections" | "maxPendingRequests" | "maxRequests">> };
  rateLimits: RateLimit[];
  faults: Fault[];
  /** jwt issuers by name, with what a RequestAuthentication needs. */
  issuers: Record<string, { issuer: string; audiences: string[]; jwks?: string; jwksUri?: string }>;
  /** Of all other objects of the app. */
  overlay: Overlay[];
}

/** What a caller overrides, by callee. */
export type CallOverrides = Record<string, { timeoutMs?: number; retries?: Partial<Retries>; match?: Rule }>;

export interface BasePart {
  segment: string;
  labels: Record<string, string>;
  mtls: "STRICT" | "PERMISSIVE";
}
