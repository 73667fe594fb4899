/** What the CLI reads of `GET /api/v1/apps/NAME/releases/NUMBER`. Times in Unix ms. */
export interface ReleaseView {
  app: string;
  /** The server's time when it answered. */
  at: number;
  number: number;
  phase: string;
  parts: readonly string[];
  cause: { kind: string; by: string; message?: string; release?: number };
  image: string | null;
  revision: string | null;
  from: string | null;
  acceptedAt: number;
  begunAt?: number;
  /** Absent: it is under way. */
  endedAt?: number;
  code?: string;
  reason?: string;
  stages: readonly StepView[];
  waves: readonly WaveView[];
  waits: readonly WaitView[];
  commands: Readonly<Record<SteerKind, string | null>>;
}

export type SteerKind = "promote" | "pause" | "resume" | "abort";

export interface WaitView {
  /** A cluster; empty: the whole fleet. */
  cell: string;
  kind: string;
  reason: string;
  until: number;
  then: string;
}

export interface StepView {
  do: string;
  label: string;
  state: "waiting" | "running" | "done" | "undone";
  weight?: number;
  holdMs?: number;
  /** Index into the waves. */
  wave?: number;
  writtenAt?: number;
  heldAt?: number;
  receipt?: string;
  verdict?: { kind: string; reason: string };
  wait?: WaitView;
}

export interface RevisionView {
  revision: string;
  role: string;
  weight: number;
  ready: number;
  total: number;
  reason?: string;
  /** Percent of the requests that it got lately. */
  actual?: number;
}

export interface ClusterView {
  cluster: string;
  state: "waiting" | "running" | "done" | "going back" | "taken back" | "kept";
  steps: readonly StepView[];
  back: readonly StepView[];
  revisions: readonly RevisionView[];
}

export interface WaveView {
  name: string;
  maxConcurrent: number;
  state: "waiting" | "running" | "done" | "going back" | "taken back";
  clusters: readonly ClusterView[];
}

export function releaseName({ app, number }: Pick<ReleaseView, "app" | "number">): string {
  return `${app}-r${number}`;
}

/** Everything goes, or went, back to what was good. */
export function isGoingBack({ phase, code, endedAt }: ReleaseView): boolean {
  return phase === "going back" || (endedAt !== undefined && phase !== "finished" && code !== undefined);
}

/** The API's words name the cluster first; where a drawing stands in that cluster's place they need not. */
export function withoutCluster(reason: string, cluster: string): string {
  return cluster !== "" && reason.startsWith(`${cluster}: `) ? reason.slice(cluster.length + 2) : reason;
}
