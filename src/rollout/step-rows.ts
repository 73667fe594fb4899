import { permitted } from "../model/permission.ts";
import type { HomeLane, Lane, Roster } from "../model/rows.ts";
import {
  mapEdges,
  narrowEdges,
  narrowList,
  restoreEdges,
  switchEdges,
  switchList,
  widenEdges,
  widenList,
  withStage,
} from "./edges.ts";
import type { Before, LaneTarget, Plan, Rows, RowWrites, Step } from "./plan.ts";

type Home = Extract<Lane, { kind: "home" }>;

const hostKey = (entry: { host: string; path: string }): string => `${entry.host}${entry.path}`;
const outsideKey = (entry: { host: string; port: number }): string => `${entry.host}:${entry.port}`;

/** What must be kept to be able to go back. */
export function beforeOf(plan: Plan, rows: Rows): Before {
  const admitted =
    plan.roster === null
      ? []
      : [...rows.rosters.values()]
          .filter(
            (caller) =>
              caller.app !== plan.app &&
              caller.edges[plan.app]?.stage === "wanted" &&
              permitted(plan.roster!, caller) !== undefined,
          )
          .map((caller) => caller.app);
  return { roster: rows.rosters.get(plan.app) ?? null, lanes: Object.fromEntries(rows.lanes), admitted };
}

/** The rows that a step writes: only those that it changes. */
export function stepRows(step: Step, plan: Plan, before: Before, rows: Rows): RowWrites {
  const writes: RowWrites = { rosters: [], lanes: [], bases: [], deleteRoster: false, deleteLanes: [] };
  const roster = rows.rosters.get(plan.app);
  const own = rosterAfter(step, plan, before, roster, rows);
  if (own === null) writes.deleteRoster = roster !== undefined;
  else if (own !== undefined && !same(own, roster)) writes.rosters.push(own);
  for (const caller of rows.rosters.values()) {
    if (caller.app === plan.app) continue;
    const changed = callerAfter(step, plan, before, caller);
    if (changed !== undefined) writes.rosters.push(changed);
  }
  for (const cluster of new Set([...Object.keys(plan.lanes), ...rows.lanes.keys()])) {
    const lane = rows.lanes.get(cluster);
    const after = laneAfter(step, plan, before, cluster, lane);
    if (after === null) {
      if (lane !== undefined) writes.deleteLanes.push(cluster);
    } else if (after !== undefined && !same(after, lane)) writes.lanes.push(after);
  }
  if (step === "widen")
    writes.bases = plan.bases.filter((base) => rows.bases.get(`${base.cluster}/${base.segment}`) !== base.snapshot);
  return writes;
}

export function isEmpty(writes: RowWrites): boolean {
  return (
    writes.rosters.length + writes.lanes.length + writes.bases.length + writes.deleteLanes.length === 0 &&
    !writes.deleteRoster
  );
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** undefined: as it is; null: deleted. */
function rosterAfter(
  step: Step,
  plan: Plan,
  before: Before,
  now: Roster | undefined,
  rows: Rows,
): Roster | null | undefined {
  const target = plan.roster;
  if (target === null) {
    if (now === undefined) return undefined;
    if (step === "switch")
      return {
        ...now,
        edges: mapEdges(now.edges, (_, edge) => ({ ...edge, stage: "closing" })),
        hosts: now.hosts.map((host) => ({ ...host, stage: "closing" })),
        outside: now.outside.map((host) => ({ ...host, stage: "closing" })),
      };
    return step === "remove" ? null : undefined;
  }
  const at = now ?? { ...target, revisions: [], edges: {}, outside: [], hosts: [] };
  switch (step) {
    case "widen": {
      const consents = [
        ...at.consents,
        ...target.consents.filter((consent) => !at.consents.some((known) => same(known, consent))),
      ];
      const ports = [
        ...at.ports.filter((port) => !target.ports.some((wanted) => wanted.port === port.port)),
        ...target.ports,
      ];
      const revisions =
        plan.revision === null || at.revisions.includes(plan.revision)
          ? at.revisions
          : [...at.revisions, plan.revision];
      return {
        ...at,
        team: target.team,
        revisions,
        ports,
        consents,
        edges: widenEdges(at.edges, target.edges, { ...target, consents }, rows.rosters),
        outside: widenList(at.outside, target.outside, outsideKey),
        hosts: widenList(at.hosts, target.hosts, hostKey),
      };
    }
    case "switch":
      return {
        ...at,
        consents: target.consents,
        edges: switchEdges(at.edges, target.edges),
        outside: switchList(at.outside, target.outside, outsideKey),
        hosts: switchList(at.hosts, target.hosts, hostKey),
      };
    case "narrow":
      return {
        ...at,
        ports: target.ports,
        revisions: at.revisions.filter((name) => name === plan.revision),
        edges: narrowEdges(at.edges, target.edges),
        outside: narrowList(at.outside),
        hosts: narrowList(at.hosts),
      };
    case "unsubset":
      if (before.roster === null || now === undefined) return undefined;
      return { ...before.roster, edges: restoreEdges(now.edges, before.roster.edges) };
    case "discard":
      return before.roster === null ? null : undefined;
    default:
      return undefined;
  }
}

/** A caller's roster when the stage of its edge to this app changes. */
function callerAfter(step: Step, plan: Plan, before: Before, caller: Roster): Roster | undefined {
  const edge = caller.edges[plan.app];
  if (edge === undefined) return undefined;
  const may = plan.roster !== null && permitted(plan.roster, caller) !== undefined;
  if (step === "widen" && may && edge.stage === "wanted")
    return withStage(caller, plan.app, "admitted", plan.roster!.segment);
  if (step === "switch") {
    if (may)
      return edge.stage === "admitted" && before.admitted.includes(caller.app)
        ? withStage(caller, plan.app, "open")
        : undefined;
    return edge.stage === "wanted" ? undefined : withStage(caller, plan.app, "closing");
  }
  if (step === "back") {
    if (before.admitted.includes(caller.app))
      return edge.stage === "open" ? withStage(caller, plan.app, "closing") : undefined;
    return edge.stage === "closing" && before.roster !== null && permitted(before.roster, caller) !== undefined
      ? withStage(caller, plan.app, "open")
      : undefined;
  }
  if ((step === "narrow" && !may) || (step === "discard" && before.admitted.includes(caller.app)))
    return edge.stage === "wanted" ? undefined : withStage(caller, plan.app, "wanted");
  return undefined;
}

function laneAfter(
  step: Step,
  plan: Plan,
  before: Before,
  cluster: string,
  lane: Lane | undefined,
): Lane | null | undefined {
  const target = plan.lanes[cluster];
  const was = before.lanes[cluster];
  const old = was?.kind === "home" ? was : undefined;
  if (target === undefined) return leave(step, lane, old);
  const { app, revision } = plan;
  if (revision === null) return undefined;
  const home: Home = lane?.kind === "home" ? lane : { app, cluster, ...emptyHome(target) };
  switch (step) {
    case "widen":
      return home.live[revision] === target.workload
        ? home
        : { ...home, live: { ...home.live, [revision]: target.workload } };
    case "subset":
      return home.ready.includes(revision) ? home : { ...home, ready: [...home.ready, revision] };
    case "switch":
      return {
        ...home,
        scale: target.scale,
        traffic: target.traffic,
        calls: target.calls,
        weights: { [revision]: 100 },
        good: revision,
      };
    case "narrow":
      return { ...home, ready: [revision], floors: {} };
    case "remove":
      return { ...home, live: { [revision]: home.live[revision] ?? target.workload } };
    case "back":
      if (lane === undefined) return undefined;
      return old === undefined
        ? { ...home, weights: {}, good: null }
        : { ...home, scale: old.scale, traffic: old.traffic, calls: old.calls, weights: old.weights, good: old.good };
    case "unsubset":
      return lane === undefined ? undefined : { ...home, ready: old?.ready ?? [], floors: old?.floors ?? {} };
    case "discard":
      return old === undefined ? null : { ...home, live: old.live };
  }
}

function emptyHome(target: LaneTarget): HomeLane {
  return {
    kind: "home",
    live: {},
    ready: [],
    floors: {},
    scale: target.scale,
    weights: {},
    traffic: target.traffic,
    calls: target.calls,
    good: null,
  };
}

/** A cluster that the app leaves: nothing is sent there, then the workload goes. */
function leave(step: Step, lane: Lane | undefined, old: Home | undefined): Lane | null | undefined {
  if (lane === undefined) return undefined;
  if (lane.kind === "reach") return step === "remove" ? null : undefined;
  if (step === "switch") return { ...lane, weights: {}, good: null };
  if (step === "back" && old !== undefined) return { ...lane, weights: old.weights, good: old.good };
  if (step === "narrow") return { ...lane, ready: [], floors: {} };
  return step === "remove" ? null : undefined;
}
