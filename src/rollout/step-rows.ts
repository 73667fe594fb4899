import type { Lane, Roster } from "../model/rows.ts";
import { laneAfter } from "./lane-rows.ts";
import type { Before, Plan, Rows, RowWrites } from "./plan.ts";
import type { LaneStep, Stage } from "./program.ts";
import { callerAfter, keeps, rosterAfter, type Touched } from "./roster-rows.ts";

const nothing = (): RowWrites => ({ rosters: [], lanes: [], bases: [], deleteRoster: false, deleteLanes: [] });

/** The rows that a step of one cluster writes: only those that it changes. */
export function laneWrites(step: LaneStep, plan: Plan, before: Before, cluster: string, rows: Rows): RowWrites {
  const writes = nothing();
  const now = rows.lanes.get(cluster);
  const after = laneAfter(step, plan, before, cluster, rows.lanes);
  if (after === null) {
    if (now !== undefined) writes.deleteLanes.push(cluster);
  } else if (after !== undefined && !same(after, now)) writes.lanes.push(after);
  return writes;
}

/** The rows that a stage of the whole fleet writes. */
export function stageWrites(stage: Stage, plan: Plan, before: Before, touched: Touched, rows: Rows): RowWrites {
  const writes = nothing();
  const now = rows.rosters.get(plan.app);
  const own = rosterAfter(stage, plan, before, now, rows, touched);
  if (own === null) writes.deleteRoster = now !== undefined;
  else if (own !== undefined && !same(own, now)) writes.rosters.push(own);
  const kept = keeps(plan, before, rows);
  for (const caller of rows.rosters.values()) {
    if (caller.app === plan.app) continue;
    const changed = callerAfter(stage, plan, before, caller, touched, kept);
    if (changed !== undefined) writes.rosters.push(changed);
  }
  if (stage.do === "admit") {
    writes.bases = plan.bases.filter((base) => rows.bases.get(`${base.cluster}/${base.segment}`) !== base.snapshot);
    for (const [cluster, lead] of Object.entries(plan.reach)) {
      const lane: Lane = { app: plan.app, cluster, kind: "reach", lead };
      if (rows.lanes.get(cluster)?.kind !== "home" && !same(lane, rows.lanes.get(cluster))) writes.lanes.push(lane);
    }
  }
  if (stage.do === "narrow" || (stage.do === "restore" && writes.deleteRoster))
    for (const [cluster, lane] of rows.lanes)
      if (lane.kind === "reach" && (plan.reach[cluster] === undefined || writes.deleteRoster))
        writes.deleteLanes.push(cluster);
  return writes;
}

export function isEmpty(writes: RowWrites): boolean {
  return (
    writes.rosters.length + writes.lanes.length + writes.bases.length + writes.deleteLanes.length === 0 &&
    !writes.deleteRoster
  );
}

/** The rows as they are after writes. */
export function withWrites(rows: Rows, plan: Pick<Plan, "app">, writes: RowWrites): Rows {
  const rosters = new Map<string, Roster>(rows.rosters);
  const lanes = new Map<string, Lane>(rows.lanes);
  const bases = new Map(rows.bases);
  for (const roster of writes.rosters) rosters.set(roster.app, roster);
  for (const lane of writes.lanes) lanes.set(lane.cluster, lane);
  for (const cluster of writes.deleteLanes) lanes.delete(cluster);
  for (const base of writes.bases) bases.set(`${base.cluster}/${base.segment}`, base.snapshot);
  if (writes.deleteRoster) rosters.delete(plan.app);
  return { rosters, lanes, bases };
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
