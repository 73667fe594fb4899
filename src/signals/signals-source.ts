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
}
