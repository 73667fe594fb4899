import type { DriftedObject } from "../model/drift.ts";
import type { UnhealthyObject } from "../model/unhealthy.ts";
import type { Lane, Seen } from "../model/rows.ts";
import type { InForce } from "../store/in-force.ts";

export interface AppClusterStatus {
  name: string;
  /** What carries everything there; null: nothing yet. */
  revision: string | null;
  image?: string;
  weights: Record<string, number>;
  pods: { ready: number; total: number };
  /** By revision, with what is wrong. */
  revisions: Record<string, { ready: number; total: number; reason?: string }>;
  /** Ms since the cluster was last seen; null: never. */
  ageMs: number | null;
  error?: string;
}

export interface AppStatus {
  phase: "declared" | "starting" | "running" | "degraded";
  revision: string | null;
  image?: string;
  pods: { ready: number; total: number };
  clusters: AppClusterStatus[];
  conditions: { type: "Ready"; status: "True" | "False" | "Unknown"; reason: string; message?: string }[];
}

/** An app as it stands, from what is in force and what was last seen. Pure. */
export function appStatus(app: string, view: InForce, seen: ReadonlyMap<string, Seen>, now: number): AppStatus {
  const clusters: AppClusterStatus[] = [];
  for (const [name, apps] of view.lanes) {
    const lane = apps.get(app)?.value;
    if (lane?.kind === "home") clusters.push(clusterStatus(name, lane, view, seen.get(name), now));
  }
  clusters.sort((a, b) => (a.name < b.name ? -1 : 1));
  const pods = clusters.reduce(
    (sum, { pods: { ready, total } }) => ({ ready: sum.ready + ready, total: sum.total + total }),
    { ready: 0, total: 0 },
  );
  const first = clusters.find((cluster) => cluster.revision !== null);
  const lacking = clusters.find(
    (cluster) =>
      cluster.revision !== null &&
      (cluster.revisions[cluster.revision]?.ready ?? 0) < Math.max(1, cluster.revisions[cluster.revision]?.total ?? 1),
  );
  const phase =
    clusters.length === 0
      ? "declared"
      : first === undefined
        ? "starting"
        : lacking !== undefined
          ? "degraded"
          : "running";
  const reason = { declared: "NotDeployed", starting: "Starting", running: "Running", degraded: "PodsNotReady" }[phase];
  const detail =
    phase === "degraded"
      ? `${lacking!.name}: ${lacking!.revisions[lacking!.revision!]?.reason ?? lacking!.error ?? "no pod is ready"}`
      : phase === "starting"
        ? clusters.flatMap((cluster) => Object.values(cluster.revisions).flatMap((each) => each.reason ?? []))[0]
        : undefined;
  return {
    phase,
    revision: first?.revision ?? null,
    ...(first?.image !== undefined && { image: first.image }),
    pods,
    clusters,
    conditions: [
      {
        type: "Ready",
        status: phase === "running" ? "True" : phase === "degraded" ? "False" : "Unknown",
        reason,
        ...(detail !== undefined && { message: detail }),
      },
    ],
  };
}

function clusterStatus(
  name: string,
  lane: Extract<Lane, { kind: "home" }>,
  view: InForce,
  seen: Seen | undefined,
  now: number,
): AppClusterStatus {
  const known = seen?.ready[lane.app] ?? {};
  const revisions = Object.fromEntries(
    Object.keys(lane.live).map((revision) => [revision, known[revision] ?? { ready: 0, total: 0 }]),
  );
  const pods = Object.values(revisions).reduce(
    (sum, { ready, total }) => ({ ready: sum.ready + ready, total: sum.total + total }),
    { ready: 0, total: 0 },
  );
  const workload = lane.good === null ? undefined : view.snapshots.get(lane.live[lane.good] ?? "");
  return {
    name,
    revision: lane.good,
    weights: lane.weights,
    pods,
    revisions,
    ageMs: seen === undefined || seen.at === 0 ? null : Math.max(0, now - seen.at),
    ...(workload?.part === "workload" && { image: workload.value.image }),
    ...(seen?.error !== undefined && { error: seen.error }),
  };
}

/** What was changed by hand of the app's objects, in any cluster: what waits first, then the latest. */
export function appDrift(app: string, seen: ReadonlyMap<string, Seen>): (DriftedObject & { cluster: string })[] {
  return [...seen.values()]
    .flatMap(({ cluster, drift = [] }) => drift.flatMap((each) => (each.app === app ? { cluster, ...each } : [])))
    .toSorted((a, b) => (b.healedAt ?? Infinity) - (a.healedAt ?? Infinity) || b.at - a.at);
}

/** Which of the app's objects aren't well by their own status, in any cluster: the longest first. */
export function appUnhealthy(app: string, seen: ReadonlyMap<string, Seen>): (UnhealthyObject & { cluster: string })[] {
  return [...seen.values()]
    .flatMap(({ cluster, unhealthy }) =>
      (unhealthy?.objects ?? []).flatMap((each) => (each.app === app ? { cluster, ...each } : [])),
    )
    .toSorted((a, b) => a.at - b.at);
}

/** Who calls whom, and how far each call has come. */
export function appEdges(
  app: string,
  view: InForce,
): {
  calls: { app: string; segment: string; stage: string; rules: unknown[] }[];
  callers: { app: string; segment: string; team: string; stage: string; rules: unknown[] }[];
} {
  const own = view.rosters.get(app)?.value;
  return {
    calls: Object.entries(own?.edges ?? {}).map(([callee, { segment, stage, rules }]) => ({
      app: callee,
      segment,
      stage,
      rules,
    })),
    callers: [...view.rosters.values()].flatMap(({ value }) => {
      const edge = value.edges[app];
      return edge === undefined
        ? []
        : [{ app: value.app, segment: value.segment, team: value.team, stage: edge.stage, rules: edge.rules }];
    }),
  };
}
