/**
 * What is in force, as opposed to what is declared. Only releases write these rows; `render` reads nothing else.
 * All rows are plain JSON. A row's `revision` is given by the store when it is written and is not part of it here.
 */
import type { DriftedObject } from "./drift.ts";
import type { Unhealthy } from "./unhealthy.ts";
import type { CallOverrides, TrafficPart, WorkloadPart, ScalePart, BasePart } from "./parts.ts";

/** sha256 of a part's canonical JSON (keys sorted), hex. */
export type Hash = string;
/** `r42`: the release that made this workload. */
export type RevisionName = string;

export type SnapshotPart =
  | { part: "workload"; value: WorkloadPart }
  | { part: "scale"; value: ScalePart }
  | { part: "traffic"; value: TrafficPart }
  | { part: "calls"; value: CallOverrides }
  | { part: "base"; value: BasePart };

/** Immutable: a part with Policy, defaults and overrides resolved for one cluster. */
export interface Snapshot {
  hash: Hash;
  content: SnapshotPart;
}

export type Protocol = "http" | "http2" | "grpc" | "tcp" | "tls";
export interface RosterPort {
  name: string;
  port: number;
  protocol: Protocol;
}

/** Which requests of a callee may be made. Absent methods or paths mean all. Paths may end or begin in `*`. */
export interface Rule {
  methods?: string[];
  paths?: string[];
}
export type EdgeStage = "wanted" | "admitted" | "open" | "closing" | "gone";
export interface Edge {
  rules: Rule[];
  stage: EdgeStage;
}
/** Consent of the callee to a caller of another segment. */
export interface Consent extends Rule {
  app: string;
}
export interface ExposedHost {
  host: string;
  path: string;
  port: string;
  tls?: { secret: string };
  jwt?: string;
  stage: EdgeStage;
}
export interface OutsideHost {
  host: string;
  port: number;
  protocol: Protocol;
  stage: EdgeStage;
}

/** Sets that are the same in every cluster; they widen before a release's first wave and narrow after its last. */
export interface Roster {
  app: string;
  segment: string;
  team: string;
  /** Every live revision; each is a subset in every home cluster. */
  revisions: RevisionName[];
  ports: RosterPort[];
  /** As the caller: callee app → the rules and how far the edge has come. The segment is the callee's namespace, kept so that a Sidecar can name it; "" while the callee doesn't exist yet. */
  edges: Record<string, Edge & { segment: string }>;
  outside: OutsideHost[];
  consents: Consent[];
  hosts: ExposedHost[];
}

/** Values of one app in one cluster; they switch wave by wave. */
export type Lane = { app: string; cluster: string } & (HomeLane | ReachLane);
export interface HomeLane {
  kind: "home";
  /** Revisions whose workload exists here → workload snapshot. */
  live: Record<RevisionName, Hash>;
  /** Revisions whose pods were ready here at least once and not removed since: these have a subset of their own, others are an alias of `good`. */
  ready: RevisionName[];
  /** Least replicas while a release is running (pre-scaling). */
  floors: Record<RevisionName, number>;
  scale: Hash;
  /** Sum to 100, or empty while nothing is good (no route). */
  weights: Record<RevisionName, number>;
  traffic: Hash;
  /** What this app overrides for its calls, as made from this cluster. */
  calls: Hash;
  /** What carried everything when a release last finished here. */
  good: RevisionName | null;
}
/** A cluster with callers, or an exposing gateway, but no pods of the app: weights and traffic come from the lead, the nearest home. */
export interface ReachLane {
  kind: "reach";
  lead: string;
}

/** Namespace-level snapshot of a segment in a cluster. */
export interface Base {
  segment: string;
  cluster: string;
  snapshot: Hash;
}

/** Latest observation of a cluster: never a revision, overwritten in place. */
export interface Seen {
  cluster: string;
  /** Store revision up to which the worker has applied everything. */
  applied: number;
  /** What it has applied beyond that, so that what one app waits for holds no other one up. Absent: nothing. */
  beyond?: Beyond;
  /** Ready pods by app and revision. */
  ready: Record<string, Record<RevisionName, { ready: number; total: number; reason?: string }>>;
  /** Unix ms of the observation, and what is wrong when the cluster can't be reached. */
  at: number;
  error?: string;
  /** What isn't done although the cluster answers: what it refuses, and what is pruned only when that is asked for. */
  trouble?: string;
  /** What somebody changed by hand, and what became of it: what still waits first, then the latest. Absent: nothing. */
  drift?: readonly DriftedObject[];
  /** Objects whose drift waits, of which `drift` may not have room for all. Absent: none. */
  drifting?: number;
  /** Objects that their own status says are not well. Absent: none. */
  unhealthy?: Unhealthy;
  /** Which cluster it is that was seen. */
  identity?: ClusterIdentity;
}

/**
 * A cluster is known by the UID of its namespace kube-system: Kubernetes itself has no other name for one. `since`, Unix
 * ms: when this server first found that cluster under this name.
 */
export interface ClusterIdentity {
  uid: string;
  since: number;
}

/** Revisions up to `upTo` are applied, except for those that are missing. */
export interface Beyond {
  upTo: number;
  missing: Missing[];
}
/** Revisions `from` to `to` aren't in the cluster wholly. */
export interface Missing {
  from: number;
  to: number;
  /** Apps that what they changed has to do with: the changed ones and those that they call. Absent: perhaps any. */
  apps?: string[];
  /** Why the cluster refused it. Absent: its turn hasn't come. */
  error?: string;
}
