import { permitted } from "../model/permission.ts";
import type { Consent, Edge, Lane, Roster } from "../model/rows.ts";
import {
  mapEdges,
  narrowEdges,
  narrowList,
  openEdges,
  openList,
  closeEdges,
  restoreEdges,
  switchList,
  widenEdges,
  widenList,
  withStage,
} from "./edges.ts";
import type { Before, Plan, Rows } from "./plan.ts";
import type { Stage } from "./program.ts";

const hostKey = (entry: { host: string; path: string }): string => `${entry.host}${entry.path}`;
const outsideKey = (entry: { host: string; port: number }): string => `${entry.host}:${entry.port}`;

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/**
 * Edges between this app and others that the release changes the stage of: found when it admits, kept in its journal, so
 * that it leaves alone what another release has under way.
 */
export interface Touched {
  /** Callees whose edge from this app it admitted. */
  calls: string[];
  /** Callers whose waiting edge it admitted. */
  callers: string[];
  /** Callers that it withdrew its consent from. */
  withdrawn: string[];
}
export const nothingTouched: Touched = { calls: [], callers: [], withdrawn: [] };

/** What is touched when a release admits: read from the rows just before. */
export function touchedBy(plan: Plan, rows: Rows): Touched {
  const target = plan.roster;
  if (target === null) return nothingTouched;
  const own = rows.rosters.get(plan.app);
  const consents = union(own?.consents ?? [], target.consents);
  const widened = widenEdges(own?.edges ?? {}, target.edges, { ...target, consents }, rows.rosters);
  const callers = [...rows.rosters.values()].filter(
    ({ app, edges }) => app !== plan.app && edges[plan.app] !== undefined,
  );
  const may = (caller: Roster) => permitted(target, caller) !== undefined;
  const stageOf = (caller: Roster) => caller.edges[plan.app]!.stage;
  return {
    calls: Object.keys(widened).filter(
      (callee) => widened[callee]!.stage === "admitted" && own?.edges[callee]?.stage !== "admitted",
    ),
    callers: callers.filter((caller) => may(caller) && stageOf(caller) === "wanted").map(({ app }) => app),
    withdrawn: callers.filter((caller) => !may(caller) && stageOf(caller) !== "wanted").map(({ app }) => app),
  };
}

/**
 * The same on the way back: callers that came while the release withheld its consent wait for an edge that opens with the
 * consent's return.
 */
export function touchedBack(plan: Plan, before: Before, touched: Touched, rows: Rows): Touched {
  const [target, was] = [plan.roster, before.roster];
  if (target === null || was === null) return touched;
  const returning = [...rows.rosters.values()].filter(
    (caller) =>
      caller.app !== plan.app &&
      caller.edges[plan.app]?.stage === "wanted" &&
      !touched.callers.includes(caller.app) &&
      permitted(target, caller) === undefined &&
      permitted(was, caller) !== undefined,
  );
  return { ...touched, withdrawn: [...new Set([...touched.withdrawn, ...returning.map(({ app }) => app)])] };
}

/** The app's own Roster after a stage. undefined: as it is; null: deleted. */
export function rosterAfter(
  stage: Stage,
  plan: Plan,
  before: Before,
  now: Roster | undefined,
  rows: Rows,
  touched: Touched,
): Roster | null | undefined {
  const target = plan.roster;
  if (stage.do === "shut" || stage.do === "restore") return backwards(stage.do, plan, before, now, rows, touched);
  if (target === null) {
    if (now === undefined) return undefined;
    if (stage.do === "switch")
      return {
        ...now,
        edges: mapEdges(now.edges, (_, edge) => ({ ...edge, stage: "closing" })),
        hosts: now.hosts.map((host) => ({ ...host, stage: "closing" })),
        outside: now.outside.map((host) => ({ ...host, stage: "closing" })),
      };
    return stage.do === "narrow" ? null : undefined;
  }
  const at = now ?? { ...target, revisions: [], edges: {}, outside: [], hosts: [] };
  switch (stage.do) {
    case "admit": {
      const consents = union(at.consents, target.consents);
      return {
        ...at,
        team: target.team,
        revisions:
          plan.revision === null || at.revisions.includes(plan.revision)
            ? at.revisions
            : [...at.revisions, plan.revision],
        ports: [
          ...at.ports.filter((port) => !target.ports.some((wanted) => wanted.port === port.port)),
          ...target.ports,
        ],
        consents,
        edges: widenEdges(at.edges, target.edges, { ...target, consents }, rows.rosters),
        outside: widenList(at.outside, target.outside, outsideKey),
        hosts: widenList(at.hosts, target.hosts, hostKey),
      };
    }
    case "open":
      return {
        ...at,
        consents: target.consents,
        edges: openEdges(at.edges, touched.calls),
        outside: openList(at.outside, target.outside, outsideKey),
      };
    case "switch":
      return {
        ...at,
        consents: target.consents,
        edges: closeEdges(at.edges, target.edges),
        outside: switchList(at.outside, target.outside, outsideKey),
        hosts: switchList(at.hosts, target.hosts, hostKey),
      };
    case "narrow":
      return {
        ...at,
        ports: target.ports,
        revisions: liveRevisions(at.revisions, rows.lanes),
        edges: narrowEdges(at.edges, target.edges),
        outside: narrowList(at.outside),
        hosts: narrowList(at.hosts),
      };
    default:
      return undefined;
  }
}

/** Those with a workload somewhere. */
function liveRevisions(revisions: readonly string[], lanes: ReadonlyMap<string, Lane>): string[] {
  const live = new Set([...lanes.values()].flatMap((lane) => (lane.kind === "home" ? Object.keys(lane.live) : [])));
  return revisions.filter((name) => live.has(name));
}

function backwards(
  stage: "shut" | "restore",
  plan: Plan,
  before: Before,
  now: Roster | undefined,
  rows: Rows,
  touched: Touched,
): Roster | null | undefined {
  if (now === undefined) return undefined;
  const kept = keeps(plan, before, rows);
  // Clusters that keep what they got need what it calls; only names of what lives nowhere go, and hosts that nobody would open.
  if (kept)
    return stage === "restore"
      ? {
          ...now,
          revisions: liveRevisions(now.revisions, rows.lanes),
          hosts: now.hosts.filter((host) => host.stage !== "admitted"),
        }
      : undefined;
  if (stage === "shut") {
    const edges = before.roster?.edges ?? {};
    return {
      ...now,
      consents: union(now.consents, before.roster?.consents ?? []),
      edges: mapEdges(now.edges, (callee, edge) =>
        edges[callee] === undefined ? { ...edge, stage: "closing" } : edge,
      ),
      hosts: now.hosts.map((host) =>
        before.roster?.hosts.some((known) => hostKey(known) === hostKey(host)) ? host : { ...host, stage: "closing" },
      ),
      outside: now.outside.map((host) =>
        before.roster?.outside.some((known) => outsideKey(known) === outsideKey(host))
          ? host
          : { ...host, stage: "closing" },
      ),
    };
  }
  return before.roster === null
    ? null
    : {
        ...before.roster,
        revisions: liveRevisions(now.revisions, rows.lanes),
        edges: restoreEdges(now.edges, before.roster.edges, touched.calls),
      };
}

/** Whether some cluster keeps what a release brought, although that goes back or makes room. */
export function keeps(plan: Plan, before: Before, rows: Pick<Rows, "lanes">): boolean {
  return [...rows.lanes.values()].some((lane) => {
    const was = before.lanes[lane.cluster];
    return (
      plan.revision !== null &&
      lane.kind === "home" &&
      lane.live[plan.revision] !== undefined &&
      (was?.kind !== "home" || was.live[plan.revision] === undefined)
    );
  });
}

function union(a: readonly Consent[], b: readonly Consent[]): Consent[] {
  return [...a, ...b.filter((consent) => !a.some((known) => same(known, consent)))];
}

/** Edges that a release admitted and never opened wait again: nobody else would open them. */
export function unadmitted(app: string, touched: Touched, rosters: ReadonlyMap<string, Roster>): Roster[] {
  const changed = new Map<string, Roster>();
  const undo = (caller: string, callee: string) => {
    const roster = changed.get(caller) ?? rosters.get(caller);
    if (roster?.edges[callee]?.stage !== "admitted") return;
    changed.set(caller, withStage(roster, callee, "wanted")!);
  };
  for (const callee of touched.calls) undo(app, callee);
  for (const caller of touched.callers) undo(caller, app);
  return [...changed.values()];
}

/** Another app's Roster when the stage of its edge to this one changes. */
export function callerAfter(
  stage: Stage,
  plan: Plan,
  before: Before,
  caller: Roster,
  touched: Touched,
  kept: boolean,
): Roster | undefined {
  const edge = caller.edges[plan.app];
  if (edge === undefined) return undefined;
  const to = (next: Edge["stage"]) => withStage(caller, plan.app, next, plan.roster?.segment ?? edge.segment);
  const mine = touched.callers.includes(caller.app);
  const lost = touched.withdrawn.includes(caller.app);
  const may = plan.roster !== null && permitted(plan.roster, caller) !== undefined;
  switch (stage.do) {
    case "admit":
      if (mine && edge.stage === "wanted") return to("admitted");
      return lost && edge.stage !== "wanted" ? to("closing") : undefined;
    case "switch":
      if (plan.roster === null) return edge.stage === "wanted" ? undefined : to("closing");
      return mine && edge.stage === "admitted" ? to("open") : undefined;
    // Until here the edge is closing, although its permission has gone: a proxy out of contact may send by it still, and
    // nothing that it could reach goes before it is known to be gone.
    case "narrow":
      return may ? undefined : to("wanted");
    case "shut":
      if (kept) return undefined;
      if (mine) return edge.stage === "open" ? to("closing") : undefined;
      return lost && edge.stage !== "open" && before.roster !== null && permitted(before.roster, caller) !== undefined
        ? to("admitted")
        : undefined;
    case "restore":
      if (kept && lost) return edge.stage === "closing" ? to("wanted") : undefined;
      if (kept) return mine && edge.stage === "admitted" ? to("open") : undefined;
      if (before.roster === null || mine) return to("wanted");
      return lost && edge.stage === "admitted" ? to("open") : undefined;
    default:
      return undefined;
  }
}
