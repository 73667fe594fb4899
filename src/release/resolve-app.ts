import type { App } from "../model/app.ts";
import { hashOf } from "../model/canonical.ts";
import { placedIn } from "../model/effective.ts";
import { durationMs } from "../model/duration.ts";
import { Problem } from "../model/problem.ts";
import type { ReleasePart } from "../model/release.ts";
import { resolve } from "../model/resolve.ts";
import { rolloutOf } from "../model/resolve-rollout.ts";
import { rosterOf } from "../model/roster.ts";
import type { Lane, RevisionName, Roster, Snapshot, SnapshotPart } from "../model/rows.ts";
import type { LaneTarget, Plan } from "../rollout/plan.ts";
import type { InForce } from "../store/in-force.ts";
import type { World } from "./world.ts";

export interface ResolvedApp {
  /** Empty: it may be put in force. */
  problems: Problem[];
  plan: Plan;
  snapshots: Snapshot[];
  /** What differs from what is in force. Empty: there is nothing to release. */
  parts: ReleasePart[];
}

/** A snapshot of a part, named by its content. */
export function snapshotOf(content: SnapshotPart): Snapshot {
  return { hash: hashOf(content), content };
}

/**
 * An App as release `number` would put it in force, and in what it differs from what is. Pure: reads nothing but its arguments.
 */
export function resolveApp(
  app: App,
  image: string | undefined,
  world: World,
  view: InForce,
  number: number,
): ResolvedApp {
  const { name } = app.metadata;
  const segment = world.segments.get(app.spec.segment);
  const placed = placedIn(app, segment, world.clusters);
  const problems: Problem[] = [];
  if (placed.length === 0)
    problems.push(
      new Problem("unknown-reference", `${name} would run nowhere: no cluster fits its placement.`, {
        field: "spec.placement.clusters",
        found: app.spec.placement?.clusters ?? segment?.spec.placement?.clusters,
        accepted: `labels of ${world.clusters.map((cluster) => cluster.metadata.name).join(", ") || "a cluster; none is declared"}`,
        subject: `App/${name}`,
      }),
    );
  const snapshots = new Map<string, Snapshot>();
  const keep = (content: SnapshotPart): string => {
    const snapshot = snapshotOf(content);
    snapshots.set(snapshot.hash, snapshot);
    return snapshot.hash;
  };
  const lanes: Record<string, LaneTarget> = {};
  const minimum: Record<string, number> = {};
  let drainMs = 0;
  for (const cluster of placed) {
    const resolved = resolve(app, {
      segment,
      policies: world.policies,
      cluster: world.clusters.find((entry) => entry.metadata.name === cluster)!,
      issuers: world.issuers,
      image,
    });
    for (const problem of resolved.problems)
      if (!problems.some((known) => known.message === problem.message)) problems.push(problem);
    const { workload, scale, traffic, calls } = resolved.parts;
    lanes[cluster] = {
      workload: keep({ part: "workload", value: workload }),
      scale: keep({ part: "scale", value: scale }),
      traffic: keep({ part: "traffic", value: traffic }),
      calls: keep({ part: "calls", value: calls }),
      minReady: 0,
    };
    minimum[cluster] = scale.min;
    drainMs = Math.max(drainMs, workload.drainMs);
  }
  const current = new Map(
    [...view.lanes].flatMap(([cluster, apps]): [string, Extract<Lane, { kind: "home" }>][] => {
      const lane = apps.get(name)?.value;
      return lane?.kind === "home" ? [[cluster, lane]] : [];
    }),
  );
  const good = [...current.values()].find((lane) => lane.good !== null)?.good ?? null;
  // Clusters that it stays in tell whether the workload is another one; where it stays in none, those that it leaves.
  const staying = placed.filter((cluster) => current.has(cluster));
  const sameWorkload =
    good !== null &&
    (staying.length > 0
      ? staying.every((cluster) => current.get(cluster)!.live[good] === lanes[cluster]!.workload)
      : placed.every((cluster) => [...current.values()].some((lane) => lane.live[good] === lanes[cluster]!.workload)));
  const revision: RevisionName = sameWorkload ? good : `r${number}`;
  for (const cluster of placed)
    if (!(sameWorkload && current.get(cluster)?.ready.includes(good))) lanes[cluster]!.minReady = minimum[cluster]!;
  const roster = rosterOf(app, {
    revisions: [revision],
    segmentOf: (callee) => view.rosters.get(callee)?.value.segment ?? world.calleeSegments.get(callee),
  });
  const base = keep({
    part: "base",
    value: {
      segment: app.spec.segment,
      labels: segment?.spec.namespaceLabels ?? {},
      mtls: segment?.spec.mtls ?? "STRICT",
    },
  });
  const bases = placed.map((cluster) => ({ segment: app.spec.segment, cluster, snapshot: base }));
  const before = view.rosters.get(name)?.value;
  const differs = (part: "scale" | "traffic" | "calls") =>
    placed.some((cluster) => current.has(cluster) && current.get(cluster)![part] !== lanes[cluster]![part]);
  const parts: ReleasePart[] = [];
  if (!sameWorkload) parts.push("workload");
  if (differs("scale")) parts.push("scale");
  const baseDiffers = bases.some(
    ({ cluster, segment: of, snapshot }) => view.bases.get(cluster)?.get(of)?.value.snapshot !== snapshot,
  );
  if (differs("traffic") || (baseDiffers && current.size > 0)) parts.push("traffic");
  if (before === undefined || !sameEdges(before, roster) || differs("calls")) parts.push("edges");
  if (
    placed.some((cluster) => !current.has(cluster)) ||
    [...current.keys()].some((cluster) => !placed.includes(cluster))
  )
    parts.push("placement");
  const { progressDeadlineMs } = rolloutOf(app, { segment, policies: world.policies });
  return {
    problems,
    parts,
    snapshots: [...snapshots.values()],
    plan: { app: name, number, revision, roster, lanes, bases, progressDeadlineMs, drainMs },
  };
}

/** Whether two Rosters ask for the same edges, hosts, consents and ports, whatever has come of them. */
function sameEdges(a: Roster, b: Roster): boolean {
  const bare = ({ ports, edges, outside, consents, hosts, team }: Roster) =>
    hashOf({
      ports,
      consents,
      team,
      edges: Object.fromEntries(
        Object.entries(edges)
          .filter(([, edge]) => edge.stage !== "closing")
          .map(([callee, edge]) => [callee, edge.rules]),
      ),
      outside: outside.filter((entry) => entry.stage !== "closing").map(({ stage: _, ...rest }) => rest),
      hosts: hosts.filter((entry) => entry.stage !== "closing").map(({ stage: _, ...rest }) => rest),
    });
  return bare(a) === bare(b);
}

/** A deleted App: everything of it is closed, then removed. */
export function withdrawalOf(name: string, number: number, view: InForce): Plan {
  let drainMs = 0;
  for (const apps of view.lanes.values()) {
    const lane = apps.get(name)?.value;
    if (lane?.kind !== "home") continue;
    for (const hash of Object.values(lane.live)) {
      const workload = view.snapshots.get(hash);
      if (workload?.part === "workload") drainMs = Math.max(drainMs, workload.value.drainMs);
    }
  }
  return {
    app: name,
    number,
    revision: null,
    roster: null,
    lanes: {},
    bases: [],
    progressDeadlineMs: durationMs("10m"),
    drainMs,
  };
}
