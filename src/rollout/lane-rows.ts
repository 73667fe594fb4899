import type { HomeLane, Lane, RevisionName } from "../model/rows.ts";
import type { Before, LaneTarget, Plan } from "./plan.ts";
import type { LaneStep } from "./program.ts";
import { servingIn } from "./serving.ts";

type Home = Extract<Lane, { kind: "home" }>;

/**
 * A cluster's lane after a step, from all lanes of the app as they are. null: deleted; undefined: there is none and none
 * is made. Done again, a step changes nothing.
 */
export function laneAfter(
  step: LaneStep,
  plan: Plan,
  before: Before,
  cluster: string,
  lanes: ReadonlyMap<string, Lane>,
): Lane | null | undefined {
  const now = lanes.get(cluster);
  const known = before.lanes[cluster];
  const was = known?.kind === "home" ? known : undefined;
  const target = plan.lanes[cluster];
  const lane = now?.kind === "home" ? now : undefined;
  if (step.do === "create" && target !== undefined && plan.revision !== null)
    return create(
      lane ?? emptyLane(plan.app, cluster, target, before, lanes),
      plan.revision,
      target,
      step.floor,
      before,
    );
  if (step.do === "recreate" && was !== undefined) return recreate(lane ?? { ...was, weights: {} }, was, step.floor);
  if (lane === undefined) return now;
  switch (step.do) {
    case "subset":
      return { ...lane, ready: withName(lane.ready, plan.revision!) };
    case "scale":
      return { ...lane, floors: { ...lane.floors, [plan.revision!]: step.floor } };
    case "weight":
      return { ...lane, weights: shifted(plan.revision!, step.weight, was) };
    case "traffic":
      return { ...lane, traffic: target!.traffic, calls: target!.calls };
    case "rescale":
      return { ...lane, scale: target!.scale };
    case "settle":
      return { ...lane, good: plan.revision, ready: [plan.revision!] };
    case "remove":
      return { ...lane, live: only(lane.live, [plan.revision!]), floors: {} };
    case "close":
      return { ...lane, weights: {} };
    case "clear":
      return { ...lane, ready: [], floors: {} };
    case "delete":
      return null;
    case "resubset":
      return was === undefined
        ? lane
        : { ...lane, ready: [...new Set([...names(was.ready, servingIn(was)), ...lane.ready])] };
    case "back":
      return was === undefined
        ? { ...lane, weights: {}, good: null }
        : {
            ...lane,
            weights: was.weights,
            good: was.good,
            scale: was.scale,
            traffic: was.traffic,
            calls: was.calls,
          };
    case "unsubset":
      return { ...lane, ready: was === undefined ? [] : names(was.ready, servingIn(was)) };
    case "discard":
      return was === undefined
        ? (known ?? null)
        : {
            ...lane,
            live: only(was.live, servingIn(was)),
            floors: atRest(was) ? {} : only(was.floors, servingIn(was)),
          };
    default:
      return lane;
  }
}

function create(lane: Home, revision: RevisionName, target: LaneTarget, floor: number, before: Before): Home {
  const size = before.sizes[lane.cluster] ?? 0;
  const floors = { ...lane.floors, [revision]: Math.max(floor, lane.floors[revision] ?? 0) };
  // The old ones keep their size until the end, whatever their load says meanwhile: back must be possible at once.
  if (size > 0)
    for (const [name, weight] of Object.entries(lane.weights))
      if (name !== revision && weight > 0) floors[name] = Math.max(1, Math.ceil((size * weight) / 100));
  return { ...lane, scale: target.scale, floors, live: { ...lane.live, [revision]: target.workload } };
}

function recreate(lane: Home, was: Home, floor: number): Home {
  const good = was.good!;
  const hash = was.live[good];
  return hash === undefined
    ? lane
    : { ...lane, live: { ...lane.live, [good]: hash }, floors: { ...lane.floors, [good]: floor } };
}

/** The new revision's weight, and the rest as it was shared before; whole numbers that sum to 100. */
export function shifted(
  revision: RevisionName,
  weight: number,
  was: HomeLane | undefined,
): Record<RevisionName, number> {
  const others = Object.entries(was?.weights ?? {}).filter(([name, share]) => name !== revision && share > 0);
  const total = others.reduce((sum, [, share]) => sum + share, 0);
  if (weight >= 100 || total === 0) return { [revision]: 100 };
  let left = 100 - weight;
  const shares = others.map(([name, share], index): [string, number] => {
    const own = index === others.length - 1 ? left : Math.round(((100 - weight) * share) / total);
    left -= own;
    return [name, own];
  });
  return Object.fromEntries([...shares, [revision, weight] as const].filter(([, share]) => share > 0));
}

function withName(names: readonly string[], name: string): string[] {
  return names.includes(name) ? [...names] : [...names, name];
}

/** One revision carries everything: nothing is under way that it must keep its size for. */
function atRest(lane: Home): boolean {
  return servingIn(lane).length <= 1;
}

function names(of: readonly string[], wanted: readonly string[]): string[] {
  return of.filter((name) => wanted.includes(name));
}

function only<T>(entries: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).filter(([name]) => names.includes(name)));
}

function emptyLane(
  app: string,
  cluster: string,
  { scale, traffic, calls }: LaneTarget,
  before: Before,
  lanes: ReadonlyMap<string, Lane>,
): Home {
  // A cluster that had only callers goes on with what its lead gives them now, until pods of its own are ready.
  const known = before.lanes[cluster];
  const lead = known?.kind === "reach" ? lanes.get(known.lead) : undefined;
  const weights = lead?.kind === "home" ? lead.weights : {};
  return { app, cluster, kind: "home", live: {}, ready: [], floors: {}, scale, weights, traffic, calls, good: null };
}
