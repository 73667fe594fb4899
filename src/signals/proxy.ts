import type { ProxyHistory } from "./proxy-history.ts";

/** An Envoy, and whose it is. */
export interface ProxyTarget {
  cluster: string;
  namespace: string;
  pod: string;
  /** Of a gateway: its own name. */
  app: string;
  /** Null: of a gateway. */
  revision: string | null;
  gateway: boolean;
}

export interface WatchedProxy {
  target: ProxyTarget;
  history: ProxyHistory;
  /** Unix ms since when it is known that there is such a proxy. Absent: since ever. */
  seenAt?: number;
  /** Unix ms when it was found to be gone; what it did before still counts. Absent: it is there. */
  goneAt?: number;
}

export function idOf({ cluster, namespace, pod }: Pick<ProxyTarget, "cluster" | "namespace" | "pod">): string {
  return `${cluster}/${namespace}/${pod}`;
}
