import type { InForce } from "../../src/store/in-force.ts";
import type { Configured } from "./configured.ts";

/** Kinds of objects, each of which a worker applies at a time of its own. */
export type ObjectKinds = "pods" | "subsets" | "routes" | "scope" | "permits";
export const objectKinds: readonly ObjectKinds[] = ["pods", "subsets", "routes", "scope", "permits"];
/** Those of which proxies get something. */
export const meshKinds = ["subsets", "routes", "scope", "permits"] as const satisfies readonly ObjectKinds[];
/** What a cluster has of each kind: made from what was in force at some revision. */
export type Views = Record<ObjectKinds, InForce>;

/** Something of an app that a proxy sends requests to: pods of a revision in a cluster. */
export interface Target {
  cluster: string;
  app: string;
  revision: string;
}
export const targetKey = ({ cluster, app, revision }: Target): string => `${cluster}/${app}/${revision}`;

/** A sidecar (one for all pods of a revision in a cluster), or a cluster's gateway. */
export interface Proxy {
  id: string;
  cluster: string;
  /** null: the gateway. */
  app: string | null;
  revision: string | null;
  connected: boolean;
  /** Connected, but it neither takes nor acknowledges anything. */
  held: boolean;
  rejecting: boolean;
  /** Since it was disconnected it may have missed something, and is excused until it has caught up. */
  excused: boolean;
  certificateUntil: number;
  config: Views;
  /** Subsets that it still has while routes change. */
  former: InForce | null;
  /** Where these two send requests, and what they were when that was found (configured.ts). */
  known?: { config: Views; former: InForce | null; calls: readonly Configured[] };
  /** Revision up to which everything is in service. */
  acknowledged: number;
  pushing: boolean;
  /** A new number: pushes under way before are void. */
  stream: number;
  gone: boolean;
  /** What its requests went to when it was looked at last. */
  using: Map<string, Target>;
  /** When its requests last went to something that they don't go to any more. */
  lastUsed: Map<string, number>;
}
