import type { Proxy } from "./proxy.ts";

/** The pods of a revision in a cluster. */
export interface PodSet {
  app: string;
  revision: string;
  hash: string;
  drainMs: number;
  want: number;
  ready: number;
  /** Pods on their way. */
  starting: number;
  crashed: boolean;
  /** Was told to be ready at least once. */
  toldReady: boolean;
  proxy: Proxy;
}

export type Lie = "early" | "late" | "flap" | "stale";
