import type { Base, Hash, Lane, RevisionName, Roster } from "../model/rows.ts";

/** What a release wants of one cluster, by snapshot. */
export interface LaneTarget {
  workload: Hash;
  scale: Hash;
  traffic: Hash;
  calls: Hash;
  /** Pods that must be ready before anything is sent to them. */ minReady: number;
}

/** A release as it was resolved when it was accepted: immutable. */
export interface Plan {
  app: string;
  number: number;
  /** The workload that carries everything at the end: a new one, or the good one. null: the app is withdrawn. */
  revision: RevisionName | null;
  /** How the Roster shall be at the end; stages of its edges are this release's to find. null: the app is withdrawn. */
  roster: Roster | null;
  /** By cluster. A cluster where the app runs and that isn't named here is left. */
  lanes: Record<string, LaneTarget>;
  bases: Base[];
  progressDeadlineMs: number;
  drainMs: number;
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

/** Forward in order; then the way back, when a release fails. Each is one transaction. */
export const steps = ["widen", "subset", "switch", "narrow", "remove"] as const;
export const stepsBack = ["back", "unsubset", "discard"] as const;
export type Step = (typeof steps)[number] | (typeof stepsBack)[number];

/** What a release must know to go back; written down with its first step. */
export interface Before {
  roster: Roster | null;
  lanes: Record<string, Lane>;
  /** Callers whose waiting edges this release admitted. */ admitted: string[];
}
