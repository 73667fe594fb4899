import type { CallOverrides, TrafficPart } from "../model/parts.ts";
import type { ExposedHost, OutsideHost, Roster, RosterPort, Rule } from "../model/rows.ts";
import type { InForce } from "../store/in-force.ts";

/** What is in force on an edge, before or after. */
export interface EdgeSide {
  /** Declared by the caller, and consented to by the callee. */
  rules: readonly Rule[];
  /** Of the callee, in this cluster. */
  traffic: TrafficPart | undefined;
  /** Of the caller, in this cluster. */
  overrides: CallOverrides[string] | undefined;
}

/** An edge that exists before or after, as it is on both sides; absent: there is none. */
export interface BehaviourEdge {
  caller: { app: string; segment: string };
  callee: { app: string; segment: string };
  ports: readonly RosterPort[];
  before?: EdgeSide;
  after?: EdgeSide;
}

/** Something served on a host of the gateway. */
export interface BehaviourHost {
  app: string;
  host: string;
  path: string;
  before?: ExposedHost & Pick<EdgeSide, "traffic">;
  after?: ExposedHost & Pick<EdgeSide, "traffic">;
}

/** Whom an app calls outside of the mesh. */
export interface BehaviourOutside {
  app: string;
  segment: string;
  outside: OutsideHost;
}

/** Everything that an app has part in, in one cluster: as caller, as callee, at the gateway and outside of the mesh. Sorted. */
export function edgesOf(
  app: string,
  cluster: string,
  before: InForce,
  after: InForce,
): { edges: BehaviourEdge[]; hosts: BehaviourHost[]; outside: BehaviourOutside[] } {
  const views = [before, after];
  const rosterIn = (name: string) => after.rosters.get(name)?.value ?? before.rosters.get(name)?.value;
  const isHome = (name: string) => views.some((view) => view.lanes.get(cluster)?.get(name)?.value.kind === "home");
  const pairs = new Map<string, [string, string]>();
  const add = (caller: string, callee: string) => pairs.set(`${caller} ${callee}`, [caller, callee]);
  for (const view of views) {
    for (const callee of Object.keys(view.rosters.get(app)?.value.edges ?? {})) add(app, callee);
    for (const [caller, { value }] of view.rosters) if (value.edges[app] !== undefined) add(caller, app);
  }
  const edges = [...pairs.values()].toSorted(byNames).flatMap(([caller, callee]): BehaviourEdge[] => {
    const [from, to] = [rosterIn(caller), rosterIn(callee)];
    if (from === undefined || to === undefined || !isHome(caller)) return [];
    const [was, is] = views.map((view) => sideOf(view, cluster, caller, callee));
    return [
      {
        caller: { app: caller, segment: from.segment },
        callee: { app: callee, segment: to.segment },
        ports: to.ports,
        ...(was !== undefined && { before: was }),
        ...(is !== undefined && { after: is }),
      },
    ];
  });
  const roster = rosterIn(app);
  return { edges, hosts: hostsOf(app, cluster, views), outside: roster === undefined ? [] : outsideOf(roster, views) };
}

function sideOf(view: InForce, cluster: string, caller: string, callee: string): EdgeSide | undefined {
  const edge = view.rosters.get(caller)?.value.edges[callee];
  if (edge === undefined) return undefined;
  const consents = view.rosters.get(callee)?.value.consents.filter(({ app }) => app === caller) ?? [];
  const lane = view.lanes.get(cluster)?.get(caller)?.value;
  const calls = lane?.kind === "home" ? view.snapshots.get(lane.calls) : undefined;
  return {
    rules: [...edge.rules, ...consents],
    traffic: trafficOf(view, cluster, callee),
    overrides: calls?.part === "calls" ? calls.value[callee] : undefined,
  };
}

/** As its callers here have it: of its home here, or of the nearest one. */
function trafficOf(view: InForce, cluster: string, app: string): TrafficPart | undefined {
  const here = view.lanes.get(cluster)?.get(app)?.value;
  const lane = here?.kind === "reach" ? view.lanes.get(here.lead)?.get(app)?.value : here;
  const snapshot = lane?.kind === "home" ? view.snapshots.get(lane.traffic) : undefined;
  return snapshot?.part === "traffic" ? snapshot.value : undefined;
}

function hostsOf(app: string, cluster: string, views: readonly InForce[]): BehaviourHost[] {
  const [was, is] = views.map((view) => {
    const traffic = trafficOf(view, cluster, app);
    const hosts = view.rosters.get(app)?.value.hosts ?? [];
    return new Map(hosts.map((host) => [`${host.host} ${host.path}`, { ...host, traffic }]));
  }) as [Map<string, BehaviourHost["before"]>, Map<string, BehaviourHost["after"]>];
  return [...new Set([...was.keys(), ...is.keys()])].toSorted().map((key) => {
    const [before, after] = [was.get(key), is.get(key)];
    const { host, path } = (after ?? before)!;
    return { app, host, path, ...(before && { before }), ...(after && { after }) };
  });
}

function outsideOf({ app, segment }: Roster, views: readonly InForce[]): BehaviourOutside[] {
  const found = new Map(
    views
      .flatMap((view) => view.rosters.get(app)?.value.outside ?? [])
      .map((outside) => [`${outside.host}:${outside.port}`, outside]),
  );
  return [...found.values()].map((outside) => ({ app, segment, outside }));
}

function byNames(a: readonly string[], b: readonly string[]): number {
  return a.join(" ") < b.join(" ") ? -1 : 1;
}
