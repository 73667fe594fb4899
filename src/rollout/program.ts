import type { HomeLane, Lane } from "../model/rows.ts";
import type { Before, LaneTarget, Plan } from "./plan.ts";

/**
 * One step of a release in one cluster. Each writes one set of rows; what must hold before the next is written follows
 * from its kind (gates.ts).
 */
export type LaneStep =
  /** The revision's workload; its pods must be ready. */
  | { do: "create"; floor: number }
  /** Its subset becomes its own pods. */
  | { do: "subset" }
  /** More pods, for the weight that comes next. */
  | { do: "scale"; floor: number }
  | { do: "weight"; weight: number; holdMs: number; judged: boolean }
  | { do: "pause"; pauseMs: number | null }
  /** Timeouts, pools, limits, and what it overrides for its own calls. */
  | { do: "traffic"; holdMs: number; judged: boolean }
  | { do: "rescale" }
  /** The revision is the good one; old subsets are other names for it. */
  | { do: "settle"; removes: boolean }
  /** Old workloads go. */
  | { do: "remove" }
  /** A cluster that the app leaves: no route, no subset, nothing. */
  | { do: "close" }
  | { do: "clear" }
  | { do: "delete" }
  /** The way back. The good workload again, where it had gone. */
  | { do: "recreate"; revision: string; floor: number }
  | { do: "resubset" }
  | { do: "back" }
  | { do: "unsubset" }
  | { do: "discard" };

/** One step of the whole fleet. `wave` and `unwave` are done when all their clusters are. */
export type Stage =
  /** Sets widen: revisions, ports, permissions; consent that is withdrawn closes its edges. */
  | { do: "admit" }
  /** Admitted calls come into scope. */
  | { do: "open"; holdMs: number; judged: boolean }
  | { do: "wave"; wave: number }
  /** Exposed hosts, and calls that waited for this app, open; what is no longer declared closes. */
  | { do: "switch" }
  /** Sets narrow. */
  | { do: "narrow" }
  | { do: "unwave"; wave: number }
  /** What the release opened is closed, what it closed opens. */
  | { do: "shut" }
  | { do: "restore" };

/** Pods that a revision needs for a weight where `size` pods carry everything. */
export function podsFor(weight: number, size: number): number {
  return Math.max(1, Math.ceil((size * weight) / 100));
}

function homeOf(before: Before, cluster: string): HomeLane | undefined {
  const lane = before.lanes[cluster];
  return lane?.kind === "home" ? lane : undefined;
}

/** The way of a release through one cluster. Pure; the same for every look at the same journal. */
export function laneProgram(plan: Plan, before: Before, cluster: string): LaneStep[] {
  const target = plan.lanes[cluster];
  const was = homeOf(before, cluster);
  if (plan.revision === null || target === undefined)
    return was === undefined ? [] : [{ do: "close" }, { do: "clear" }, { do: "delete" }];
  const carried = was !== undefined && Object.values(was.weights).some((weight) => weight > 0);
  const size = Math.max(target.min, carried ? (before.sizes[cluster] ?? 0) : 0, 1);
  const removes = Object.keys(was?.live ?? {}).some((name) => name !== plan.revision);
  const ending: LaneStep[] = [{ do: "settle", removes }, { do: "remove" }];
  const traffic: LaneStep[] =
    was !== undefined && differs(was, target) ? [{ do: "traffic", holdMs: plan.watchMs, judged: true }] : [];
  if (
    was !== undefined &&
    was.good === plan.revision &&
    was.weights[plan.revision] === 100 &&
    was.live[plan.revision] === target.workload
  ) {
    const strays = Object.keys(was.live).length > 1 || was.ready.length > 1 || Object.keys(was.floors).length > 0;
    return [
      ...(was.scale === target.scale ? [] : ([{ do: "rescale" }] satisfies LaneStep[])),
      ...traffic,
      // A cluster is done once its last step is held: what is watched and judged must not be the last one.
      ...(strays ? ending : traffic.length > 0 ? ([{ do: "settle", removes: false }] satisfies LaneStep[]) : []),
    ];
  }
  // Nothing serves here: no route until pods are ready, then all of it.
  if (!carried || was === undefined || (before.sizes[cluster] ?? 0) === 0)
    return [
      { do: "create", floor: size },
      ...(was !== undefined && differs(was, target) ? [{ do: "traffic", holdMs: 0, judged: false } as const] : []),
      { do: "subset" },
      { do: "weight", weight: 100, holdMs: 0, judged: false },
      ...ending,
    ];
  return [
    ...(plan.trafficFirst ? traffic : []),
    ...shifts(plan, size),
    ...(plan.trafficFirst ? [] : traffic),
    ...ending,
  ];
}

function differs(was: HomeLane, target: LaneTarget): boolean {
  return was.traffic !== target.traffic || was.calls !== target.calls;
}

/** From the first pod to all requests: each weight has its pods before it comes. */
function shifts(plan: Plan, size: number): LaneStep[] {
  const steps = [...plan.steps];
  const last = steps.findLast((step) => "weight" in step);
  if (last === undefined || last.weight < 100) steps.push({ weight: 100, holdMs: plan.watchMs });
  const first = steps.find((step) => "weight" in step)!;
  let floor = podsFor(first.weight, size);
  const program: LaneStep[] = [{ do: "create", floor }, { do: "subset" }];
  for (const step of steps) {
    if ("pauseMs" in step) {
      program.push({ do: "pause", pauseMs: step.pauseMs });
      continue;
    }
    const needed = podsFor(step.weight, size);
    if (needed > floor) program.push({ do: "scale", floor: needed });
    floor = Math.max(floor, needed);
    program.push({ do: "weight", weight: step.weight, holdMs: step.holdMs, judged: true });
  }
  return program;
}

/**
 * The way back of one cluster, from the step that it had come to: first everything to the good revision, made anew where
 * it had gone already.
 */
export function wayBack(plan: Plan, before: Before, cluster: string, reached: readonly LaneStep[]): LaneStep[] {
  const was = homeOf(before, cluster);
  const passed = (kind: LaneStep["do"]) => reached.some((step) => step.do === kind);
  const program: LaneStep[] = [{ do: "back" }, { do: "unsubset" }, { do: "discard" }];
  if (was === undefined || was.good === null) return program;
  const floor = Math.max(before.sizes[cluster] ?? 0, 1);
  if (passed("remove") || passed("delete"))
    return [{ do: "recreate", revision: was.good, floor }, { do: "resubset" }, ...program];
  return passed("settle") || passed("clear") ? [{ do: "resubset" }, ...program] : program;
}

/**
 * Whether a step that changes no row must be acknowledged and drained all the same: after it workloads go that proxies may
 * know of by rows of others, or by a subset that an earlier release took away without hearing of all proxies.
 */
export function sweeps(step: LaneStep | Stage, was: Lane | undefined): boolean {
  const guards = step.do === "unsubset" || step.do === "clear" || (step.do === "settle" && step.removes);
  if (!guards || was === undefined) return false;
  // Where only callers were, the subset of their lead's revision finds pods of that name as soon as they are ready here.
  return was.kind === "reach" || Object.keys(was.live).some((name) => !was.ready.includes(name));
}

/**
 * Whether a release may leave its revision behind in a cluster, for a newer one to deal with: at most three live, the
 * newer's among them. `begun`: it has done anything there.
 */
export function mayLeave(plan: Plan, before: Before, cluster: string, begun: boolean): boolean {
  const live = new Set(Object.keys(homeOf(before, cluster)?.live ?? {}));
  if (begun && plan.revision !== null) live.add(plan.revision);
  return live.size < 3;
}

/** The stages of a release that goes well. */
export function stagesOf(plan: Plan, before: Before): Stage[] {
  const waves = plan.waves.map((_, wave): Stage => ({ do: "wave", wave }));
  if (plan.roster === null) return [{ do: "switch" }, ...waves, { do: "narrow" }];
  // Where no cluster is judged, the edges themselves are.
  const alone =
    before.roster !== null &&
    plan.parts.includes("edges") &&
    !plan.waves.some(({ clusters }) =>
      clusters.some((cluster) => laneProgram(plan, before, cluster).some((step) => "judged" in step)),
    );
  return [
    { do: "admit" },
    { do: "open", holdMs: alone ? plan.watchMs : 0, judged: alone },
    ...waves,
    { do: "switch" },
    { do: "narrow" },
  ];
}

/**
 * The stages of one that failed in stage `reached` (an index into `stagesOf`): last wave first. `sweeps`: waves that it may
 * not have come to, where something is to be cleared away all the same.
 */
export function stagesBack(stages: readonly Stage[], reached: number, sweeps: ReadonlySet<number>): Stage[] {
  const waves = stages
    .flatMap((stage, index): Stage[] =>
      stage.do === "wave" && (index <= reached || sweeps.has(stage.wave)) ? [{ do: "unwave", wave: stage.wave }] : [],
    )
    .toReversed();
  return [...waves, { do: "shut" }, { do: "restore" }];
}
