import { permitted } from "../../src/model/permission.ts";
import type { HomeLane, Lane, Roster } from "../../src/model/rows.ts";
import type { Remembered } from "../../src/release/journal-state.ts";
import { servingIn } from "../../src/rollout/serving.ts";
import type { InForce } from "../../src/store/in-force.ts";
import { Violation } from "./violation.ts";

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const sorted = (names: Iterable<string>): string => [...names].toSorted().join();

/** When no release is under way any more, nothing of one is left over, and the last one is what is in force. */
export function checkRest(view: InForce, last: ReadonlyMap<string, Remembered>): void {
  for (const [app, { value: roster }] of view.rosters) {
    checkRoster(roster, view);
    const lanes = lanesOf(view, app);
    if (lanes.length === 0) left(`${app} has a Roster and no lane`);
    const live = new Set(lanes.flatMap((lane) => (lane.kind === "home" ? Object.keys(lane.live) : [])));
    if (sorted(live) !== sorted(roster.revisions))
      left(`the Roster of ${app} has ${sorted(roster.revisions)}, live are ${sorted(live)}`);
    for (const lane of lanes) checkLane(lane, foundBy(last.get(app), lane));
  }
  for (const [cluster, apps] of view.lanes)
    for (const app of apps.keys()) if (!view.rosters.has(app)) left(`${app} has a lane in ${cluster} and no Roster`);
  for (const [app, known] of last) checkLast(app, known, view);
}

function left(what: string): never {
  throw new Violation("at rest", what);
}

function lanesOf(view: InForce, app: string): Lane[] {
  return [...view.lanes.values()].flatMap((apps) => apps.get(app)?.value ?? []);
}

/** What the last release found in a cluster, when it was taken back. */
function foundBy(last: Remembered | undefined, { cluster }: Lane): HomeLane | undefined {
  const found = last?.ended?.outcome === "failed" ? last.begun?.before.lanes[cluster] : undefined;
  return found?.kind === "home" ? found : undefined;
}

function checkLane(lane: Lane, found: HomeLane | undefined): void {
  if (lane.kind === "reach") return;
  const { good, live, ready, floors, weights } = lane;
  const where = `${lane.app} in ${lane.cluster}`;
  if (good === null) left(`nothing is good of ${where}`);
  // What a superseded release brought goes on serving where the good revision had no ready pods, until one takes over.
  if (found !== undefined && Object.keys(weights).some((name) => name !== good) && same(weights, found.weights)) {
    const serving = sorted(servingIn(lane));
    if (sorted(Object.keys(live)) !== serving) left(`${where} has ${sorted(Object.keys(live))}, ${serving} serve`);
    return;
  }
  if (sorted(Object.keys(live)) !== good) left(`${where} has ${sorted(Object.keys(live))}, good is ${good}`);
  if (!same(ready, [good])) left(`${where} has subsets of its own for ${ready.join()}, good is ${good}`);
  if (!same(floors, {})) left(`${where} has floors ${JSON.stringify(floors)}`);
  if (!same(weights, { [good]: 100 })) left(`${where} has weights ${JSON.stringify(weights)}, good is ${good}`);
}

function checkRoster(roster: Roster, view: InForce): void {
  for (const [callee, { stage }] of Object.entries(roster.edges)) {
    const there = view.rosters.get(callee)?.value;
    const wanted = there !== undefined && permitted(there, roster) !== undefined ? "open" : "wanted";
    if (stage !== wanted) left(`${roster.app} → ${callee} is ${stage} and should be ${wanted}`);
  }
  for (const { host, stage } of [...roster.hosts, ...roster.outside])
    if (stage !== "open") left(`${host} of ${roster.app} is ${stage}`);
}

/** A release that finished is in force; of one that failed, nothing is. */
function checkLast(app: string, { begun, state, ended }: Remembered, view: InForce): void {
  if (begun === undefined || ended === undefined) return;
  const { plan, before } = begun;
  const roster = view.rosters.get(app)?.value;
  const lanes = lanesOf(view, app);
  if (ended.outcome === "finished") {
    if (plan.roster === null) {
      if (roster !== undefined || lanes.length > 0) left(`${app} was withdrawn, and something of it is in force`);
      return;
    }
    const homes = lanes.flatMap((lane) => (lane.kind === "home" ? [lane] : []));
    if (sorted(homes.map(({ cluster }) => cluster)) !== sorted(Object.keys(plan.lanes)))
      left(
        `${app} is at home in ${sorted(homes.map(({ cluster }) => cluster))}, and should be in ${sorted(Object.keys(plan.lanes))}`,
      );
    for (const lane of homes) {
      const { workload, scale, traffic, calls } = plan.lanes[lane.cluster]!;
      const there = {
        workload: lane.live[plan.revision!],
        scale: lane.scale,
        traffic: lane.traffic,
        calls: lane.calls,
      };
      if (!same(there, { workload, scale, traffic, calls }))
        left(`${app} in ${lane.cluster} isn't what its last release brought`);
    }
    for (const lane of lanes)
      if (lane.kind === "reach" && plan.reach[lane.cluster] !== lane.lead)
        left(`${app} has a reach lane in ${lane.cluster}`);
    if (!same(bare(roster!), bare(plan.roster)))
      left(`the Roster of ${app} isn't what its last release brought: ${JSON.stringify(bare(roster!))}`);
    return;
  }
  // Of releases that keep something, what is left is for the next one.
  if (state.failure === undefined || state.failure.kept.length > 0) return;
  const was = Object.values(before.lanes).filter(({ kind }) => kind === "home");
  const is = lanes.filter(({ kind }) => kind === "home");
  const byCluster = (list: readonly Lane[]): unknown => list.toSorted((a, b) => (a.cluster < b.cluster ? -1 : 1));
  if (was.every(isTidy) && !same(byCluster(was), byCluster(is)))
    left(`${app} was taken back to ${JSON.stringify(byCluster(is))}, and was ${JSON.stringify(byCluster(was))}`);
  if (before.roster !== null && roster !== undefined && was.every(isTidy) && !same(bare(roster), bare(before.roster)))
    left(
      `the Roster of ${app} was taken back to ${JSON.stringify(bare(roster))}, and was ${JSON.stringify(bare(before.roster))}`,
    );
}

/** What an earlier release had left half done need not come back. */
function isTidy(lane: Lane): boolean {
  return lane.kind === "reach" || Object.keys(lane.live).length === 1;
}

function bare({ ports, edges, hosts, outside, consents, team, segment }: Roster): unknown {
  const unstaged = <T extends { stage: unknown }>(list: readonly T[]): unknown[] =>
    list.map(({ stage: _, ...rest }) => JSON.stringify(rest)).toSorted();
  return {
    ports,
    edges: Object.entries(edges)
      .map(([callee, { rules }]) => JSON.stringify([callee, rules]))
      .toSorted(),
    hosts: unstaged(hosts),
    outside: unstaged(outside),
    consents: consents.map((consent) => JSON.stringify(consent)).toSorted(),
    team,
    segment,
  };
}
