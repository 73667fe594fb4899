import type { ReleasePart } from "../model/release.ts";
import type { Base, Hash, Lane, RevisionName, Roster } from "../model/rows.ts";
import type { AnalysisSpec } from "./verdict.ts";

/** What a release wants of one cluster, by snapshot. */
export interface LaneTarget {
  workload: Hash;
  scale: Hash;
  traffic: Hash;
  calls: Hash;
  /** Least replicas there, as scaled from now on. */
  min: number;
}

/** pauseMs null: until somebody promotes it. */
export type RolloutStep = { weight: number; holdMs: number } | { pauseMs: number | null };

export interface Wave {
  name?: string;
  clusters: string[];
  /** Clusters at a time. */
  maxConcurrent: number;
}

/** A release as it was resolved when it began: immutable, in its journal. Times in ms. */
export interface Plan {
  app: string;
  number: number;
  parts: ReleasePart[];
  /** The workload that carries everything at the end: a new one, or the good one. null: the app is withdrawn. */
  revision: RevisionName | null;
  /** How the Roster shall be at the end; stages of its edges are this release's to find. null: the app is withdrawn. */
  roster: Roster | null;
  /** By cluster. A cluster where the app runs and that isn't named here is left. */
  lanes: Record<string, LaneTarget>;
  /** Clusters where only callers or gateways are → the home whose values they follow. */
  reach: Record<string, string>;
  bases: Base[];
  /** Every cluster that the release touches, the ones that it leaves included, exactly once. */
  waves: Wave[];
  steps: RolloutStep[];
  analysis: AnalysisSpec;
  /** How long a change of traffic or edges, and the last weight, are watched. */
  watchMs: number;
  trafficFirst: boolean;
  onFailure: "rollback" | "stop";
  progressDeadlineMs: number;
  /** Requests under way get so long to end before what serves them goes. */
  drainMs: number;
  /** Longest time of a request over an edge that closes. */
  closeMs: number;
}

/** The rows that a release reads and writes: its own, and those of apps that call it or that it calls. */
export interface Rows {
  rosters: ReadonlyMap<string, Roster>;
  /** Of the release's app, by cluster. */
  lanes: ReadonlyMap<string, Lane>;
  /** `cluster/segment` → snapshot. */
  bases: ReadonlyMap<string, Hash>;
}

export interface RowWrites {
  rosters: Roster[];
  lanes: Lane[];
  bases: Base[];
  /** Of the release's app. */
  deleteRoster: boolean;
  deleteLanes: string[];
}

/** What a release must know to go back; written down when it begins. */
export interface Before {
  roster: Roster | null;
  lanes: Record<string, Lane>;
  /** Pods that served in each home cluster: what a revision that carries everything there must have. */
  sizes: Record<string, number>;
}

/** The whole fleet's part of a release (its Roster), beside one cell for each cluster. */
export const fleetCell = "";
