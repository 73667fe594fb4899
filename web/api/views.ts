/** What the API tells beyond the declared documents: the parts that the OpenAPI document leaves open. */
import type { App, Cluster, Release } from "../generated/api.ts";

export type Phase = "declared" | "starting" | "running" | "degraded";
export interface Count {
  ready: number;
  total: number;
}
export interface ClusterOfApp {
  name: string;
  revision: string | null;
  image?: string;
  weights: Record<string, number>;
  pods: Count;
  revisions: Record<string, Count & { reason?: string }>;
  ageMs: number | null;
  error?: string;
}
export interface Condition {
  type: string;
  status: "True" | "False" | "Unknown";
  reason?: string;
  message?: string;
}
export interface AppState {
  phase: Phase;
  revision: string | null;
  image?: string;
  pods: Count;
  clusters: ClusterOfApp[];
  conditions: Condition[];
}
export type AppView = Omit<App, "status"> & { status: AppState };

export interface Rule {
  methods?: string[];
  paths?: string[];
}
export interface EdgeView {
  app: string;
  segment: string;
  stage: string;
  rules: Rule[];
}
export interface ReleaseState {
  phase: string;
  step?: string | null;
  revision?: string | null;
  reason?: string;
  code?: string;
  deadline?: number;
  then?: string;
  updatedAt?: number;
}
export type ReleaseView = Omit<Release, "status"> & { status?: ReleaseState };

export interface ClusterState {
  applied: number;
  ageMs: number | null;
  pods: Count;
  apps: number;
  error?: string;
  conditions: Condition[];
}
export type ClusterView = Omit<Cluster, "status"> & { status: ClusterState };
/** What a cluster's worker says of itself. */
export interface WorkerState {
  applied: number;
  wanted: number;
  pending: number;
  failures: { key: string; error: string }[];
  error?: string;
  ageMs: number | null;
}
