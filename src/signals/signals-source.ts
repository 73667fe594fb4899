import type { EvidenceQuery, Look } from "./evidence.ts";
import type { Golden } from "./golden.ts";
import type { Series } from "./gather.ts";

/** Of one caller, or one callee. */
export interface EdgeSignals extends Golden {
  /** An app, a gateway or a host outside of the fleet. */
  app: string;
  gateway: boolean;
  outside: boolean;
}

export interface AppSignals {
  app: string;
  /** Unix ms, and the time before it that the figures are of. */
  at: number;
  windowMs: number;
  /** Proxies that say something about the app: how many were heard within the window. */
  proxies: { heard: number; total: number };
  /** Whose view `total` and `series` are: callers also see what never arrived (timeouts, full pools). `itself` where nobody calls. */
  seenBy: "callers" | "itself";
  total: Golden;
  /** What its own sidecars saw. */
  own: Golden;
  callers: EdgeSignals[];
  callees: EdgeSignals[];
  revisions: (Golden & { revision: string })[];
  clusters: (Golden & { cluster: string })[];
  series: Series;
}

export interface ClusterSignals {
  cluster: string;
  at: number;
  windowMs: number;
  proxies: { heard: number; total: number };
  /** Of all requests that arrived at apps there. */
  total: Golden;
  apps: (Golden & { app: string })[];
  series: Series;
}

/** The three figures of a list. */
export interface AppFigures {
  rate: number;
  errors: number | null;
  p99: number | null;
}

/** Where golden signals come from: the embedded source, which asks the Envoys, or Prometheus. */
export interface SignalsSource {
  app(name: string): AppSignals;
  cluster(name: string): ClusterSignals;
  /** Every app that was heard of. */
  figures(): Record<string, AppFigures>;
  /** In Prometheus' text format, with the names of Istio's standard metrics. */
  metrics(): string;
  /**
   * From now on, until the function that it returns is called, the app's pods, its callers and the gateways are read at
   * least twice in every `intervalMs`, and in every 5 s. Many may watch the same app.
   */
  watch(app: string, intervalMs: number): () => void;
  /** What the proxies of a cluster can tell about a change (`looks` of evidence.ts). Reaches back ten minutes at most, less for intervals below 4 s. */
  evidence(query: EvidenceQuery): Look[];
}
