import type { HomeLane, Roster } from "../../src/model/rows.ts";
import type { InForce } from "../../src/store/in-force.ts";
import type { Proxy } from "./proxy.ts";

/** What an app's routes in a cluster come from: its home lane there, or its lead's. */
export function valuesIn(view: InForce, cluster: string, app: string): { lane: HomeLane; home: string } | undefined {
  const lane = view.lanes.get(cluster)?.get(app)?.value;
  if (lane === undefined) return undefined;
  if (lane.kind === "home") return { lane, home: cluster };
  const lead = view.lanes.get(lane.lead)?.get(app)?.value;
  return lead?.kind === "home" ? { lane: lead, home: lane.lead } : undefined;
}

/** The pods that a subset stands for, by a view's DestinationRule in a cluster; undefined: there is no such subset. */
export function labelOf(view: InForce, cluster: string, app: string, revision: string): string | undefined {
  const roster: Roster | undefined = view.rosters.get(app)?.value;
  if (roster === undefined || !roster.revisions.includes(revision)) return undefined;
  const lane = view.lanes.get(cluster)?.get(app)?.value;
  if (lane === undefined) return undefined;
  if (lane.kind === "reach") return revision;
  return lane.good === null || lane.ready.includes(revision) ? revision : lane.good;
}

/** Whether two views say the same to a proxy: of its own app, of whom it may call, and of who may call it. `leads`: clusters whose lanes are followed in its own. */
export function isNothingTo(
  { app, cluster: own }: Proxy,
  leads: readonly string[],
  old: InForce,
  view: InForce,
): boolean {
  if (old === view) return true;
  const related = (name: string): boolean =>
    app === null ||
    name === app ||
    [old, view].some(
      ({ rosters }) =>
        rosters.get(app)?.value.edges[name] !== undefined || rosters.get(name)?.value.edges[app] !== undefined,
    );
  return [...new Set([...old.rosters.keys(), ...view.rosters.keys()])].every(
    (name) =>
      !related(name) ||
      (old.rosters.get(name) === view.rosters.get(name) &&
        [own, ...leads].every((cluster) => old.lanes.get(cluster)?.get(name) === view.lanes.get(cluster)?.get(name))),
  );
}
