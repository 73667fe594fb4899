import type { App } from "../model/app.ts";
import { hashOf } from "../model/canonical.ts";
import { placedIn } from "../model/effective.ts";
import { durationMs } from "../model/duration.ts";
import { Problem } from "../model/problem.ts";
import type { ReleasePart } from "../model/release.ts";
import { resolve } from "../model/resolve.ts";
import { defaultHold } from "../model/defaults.ts";
import { rolloutOf, type RolloutPlan } from "../model/resolve-rollout.ts";
import { rosterOf } from "../model/roster.ts";
import type { RevisionName, Roster, Snapshot, SnapshotPart } from "../model/rows.ts";
import { impossible } from "../rollout/analysis.ts";
import type { LaneTarget, Plan } from "../rollout/plan.ts";
import { homesOf, type InForce } from "../store/in-force.ts";
import { artifactProblems } from "./artifact-problems.ts";
import { capacityProblems } from "./capacity.ts";
import { wavesOf } from "./plan-waves.ts";
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
  problems.push(...artifactProblems(name, image, placed, world.clusters));
  const snapshots = new Map<string, Snapshot>();
  const keep = (content: SnapshotPart): string => {
    const snapshot = snapshotOf(content);
    snapshots.set(snapshot.hash, snapshot);
    return snapshot.hash;
  };
  const lanes: Record<string, LaneTarget> = {};
  let [drainMs, closeMs] = [0, 0];
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
      min: scale.min,
    };
    closeMs = Math.max(closeMs, traffic.timeoutMs, ...Object.values(calls).map(({ timeoutMs }) => timeoutMs ?? 0));
    drainMs = Math.max(drainMs, workload.drainMs);
  }
  const current = homesOf(name, view);
  const good = [...current.values()].find((lane) => lane.good !== null)?.good ?? null;
  // Clusters that it stays in tell whether the workload is another one; where it stays in none, those that it leaves.
  const staying = placed.filter((cluster) => current.has(cluster));
  const sameWorkload =
    good !== null &&
    (staying.length > 0
      ? staying.every((cluster) => current.get(cluster)!.live[good] === lanes[cluster]!.workload)
      : placed.every((cluster) => [...current.values()].some((lane) => lane.live[good] === lanes[cluster]!.workload)));
  const revision: RevisionName = sameWorkload ? good : `r${number}`;
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
  for (const callee of Object.keys(before?.edges ?? {})) closeMs = Math.max(closeMs, timeoutOf(callee, view));
  const rollout = rolloutOf(app, { segment, policies: world.policies });
  const leaving = [...current.keys()].filter((cluster) => !placed.includes(cluster));
  const { waves, problems: wrongWaves } = wavesOf(rollout.waves, world.clusters, placed, leaving);
  problems.push(...wrongWaves.map((problem) => problem.with({ subject: `App/${name}` })));
  const plan: Plan = {
    app: name,
    number,
    parts,
    revision,
    roster,
    lanes,
    reach: {},
    bases,
    waves,
    ...stepsOf(rollout),
    trafficFirst: rollout.trafficFirst,
    onFailure: rollout.onFailure,
    progressDeadlineMs: rollout.progressDeadlineMs,
    drainMs,
    closeMs: Math.min(closeMs, longestCloseMs),
  };
  problems.push(...capacityProblems(plan, view, world.clusters), ...analysisProblems(plan));
  return { problems, parts, snapshots: [...snapshots.values()], plan };
}

/** An analysis, with all that Policies and the segment say of it, that can't ever pass. */
function analysisProblems({ app, analysis, steps, watchMs, progressDeadlineMs }: Plan): Problem[] {
  const holds = steps.flatMap((step) => ("weight" in step ? [step.holdMs] : []));
  const never = impossible(analysis, [...holds, watchMs], progressDeadlineMs);
  if (never === undefined) return [];
  const { field, found, accepted, reason } = never;
  const path = `spec.rollout.${field}`;
  return [
    new Problem("conflicting-fields", `${path} can't ever pass: ${reason}`, {
      field: path,
      found,
      accepted,
      subject: `App/${app}`,
    }),
  ];
}

/** A call that closes is given no longer than this to end: beyond it somebody waits for a stream. */
const longestCloseMs = 60_000;

/** How weights rise and how they are judged. `rolling` shifts as pods become ready and is judged once, at the end. */
function stepsOf({ strategy, steps, analysis }: RolloutPlan): Pick<Plan, "steps" | "analysis" | "watchMs"> {
  const { noTraffic, ...spec } = analysis;
  const last = steps.findLast((step) => "weight" in step);
  const watchMs = last?.holdMs ?? durationMs(defaultHold);
  return {
    steps: strategy === "rolling" ? [25, 50, 75].map((weight) => ({ weight, holdMs: 0 })) : steps,
    analysis: { ...spec, noTraffic: noTraffic === "pass" ? "pass" : "hold" },
    watchMs,
  };
}

/** Longest time of a request to an app, as it is in force. */
function timeoutOf(app: string, view: InForce): number {
  let longest = 0;
  for (const lane of homesOf(app, view).values()) {
    const traffic = view.snapshots.get(lane.traffic);
    if (traffic?.part === "traffic") longest = Math.max(longest, traffic.value.timeoutMs);
  }
  return longest;
}

/** Whether two Rosters ask for the same edges, hosts, consents and ports, whatever has come of them. */
function sameEdges(a: Roster, b: Roster): boolean {
  const bare = ({ ports, edges, outside, consents, hosts, team }: Roster) =>
    hashOf({
      ports,
      consents,
      team,
      edges: Object.fromEntries(Object.entries(edges).map(([callee, edge]) => [callee, edge.rules])),
      outside: outside.filter((entry) => entry.stage !== "closing").map(({ stage: _, ...rest }) => rest),
      hosts: hosts.filter((entry) => entry.stage !== "closing").map(({ stage: _, ...rest }) => rest),
    });
  return bare(a) === bare(b);
}

/** A deleted App: everything of it is closed, then removed. */
export function withdrawalOf(name: string, number: number, view: InForce): Plan {
  let drainMs = 0;
  const homes = homesOf(name, view);
  for (const lane of homes.values()) {
    for (const hash of Object.values(lane.live)) {
      const workload = view.snapshots.get(hash);
      if (workload?.part === "workload") drainMs = Math.max(drainMs, workload.value.drainMs);
    }
  }
  const clusters = [...homes.keys()];
  return {
    app: name,
    number,
    parts: ["workload", "edges"],
    revision: null,
    roster: null,
    lanes: {},
    reach: {},
    bases: [],
    waves: clusters.length === 0 ? [] : [{ clusters: clusters.toSorted(), maxConcurrent: clusters.length }],
    steps: [],
    analysis: { intervalMs: 10_000, minRequests: 0, failureLimit: 0, noTraffic: "pass" },
    watchMs: 0,
    trafficFirst: false,
    onFailure: "rollback",
    progressDeadlineMs: durationMs("10m"),
    drainMs,
    closeMs: Math.min(timeoutOf(name, view), longestCloseMs),
  };
}
