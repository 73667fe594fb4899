import { destinationOf } from "./destination.ts";
import { gather, gatherAll, series, type Span } from "./gather.ts";
import type { Golden } from "./golden.ts";
import type { WatchedProxy } from "./proxy.ts";
import type { AppFigures, AppSignals, ClusterSignals, EdgeSignals } from "./signals-source.ts";

export interface Moment {
  /** Unix ms. */
  now: number;
  windowMs: number;
  points: number;
  stepMs: number;
}

/** What is known of an app. Pure. */
export function appSignals(app: string, proxies: readonly WatchedProxy[], moment: Moment): AppSignals {
  const span = spanOf(moment);
  const own = proxies.filter(({ target }) => target.app === app && !target.gateway);
  const callers = proxies.filter((proxy) => calls(proxy, app));
  const concerned = [...new Set([...own, ...callers])];
  const isInbound = ({ target }: WatchedProxy, name: string) => target.app === app && name.startsWith("inbound|");
  const isCall = (_: WatchedProxy, name: string) => destinationOf(name)?.app === app;

  const seenByCallers = gatherAll(callers, span, isCall);
  const itself = gatherAll(own, span, isInbound);
  const byCallers = callers.length > 0 && (seenByCallers.rate > 0 || itself.rate === 0);
  const belongs = byCallers ? isCall : isInbound;
  const seers = byCallers ? callers : own;
  const revisions = byCallers
    ? gather(callers, span, (_, name) => (isCall(_, name) ? (destinationOf(name)!.revision ?? undefined) : undefined))
    : gather(own, span, (proxy, name) => (isInbound(proxy, name) ? (proxy.target.revision ?? undefined) : undefined));
  return {
    app,
    at: moment.now,
    windowMs: moment.windowMs,
    proxies: heardOf(concerned, span),
    seenBy: byCallers ? "callers" : "itself",
    total: byCallers ? seenByCallers : itself,
    own: itself,
    callers: edges(
      gather(callers, span, (proxy, name) => (isCall(proxy, name) ? proxy.target.app : undefined)),
      (name) => ({ gateway: callers.some(({ target }) => target.app === name && target.gateway), outside: false }),
    ),
    callees: edges(
      gather(own, span, (_, name) => destinationOf(name)?.app),
      (name) => ({ gateway: false, outside: name.includes(".") }),
    ),
    revisions: named(revisions).map(([revision, golden]) => ({ revision, ...golden })),
    clusters: named(
      gather(seers, span, (proxy, name) => (belongs(proxy, name) ? proxy.target.cluster : undefined)),
    ).map(([cluster, golden]) => ({ cluster, ...golden })),
    series: series(seers, { to: moment.now, points: moment.points, stepMs: moment.stepMs }, belongs),
  };
}

/** What is known of a cluster: what arrived at the apps that run there. Pure. */
export function clusterSignals(cluster: string, proxies: readonly WatchedProxy[], moment: Moment): ClusterSignals {
  const span = spanOf(moment);
  const there = proxies.filter(({ target }) => target.cluster === cluster);
  const arrived = ({ target }: WatchedProxy, name: string) => !target.gateway && name.startsWith("inbound|");
  return {
    cluster,
    at: moment.now,
    windowMs: moment.windowMs,
    proxies: heardOf(there, span),
    total: gatherAll(there, span, arrived),
    apps: named(gather(there, span, (proxy, name) => (arrived(proxy, name) ? proxy.target.app : undefined))).map(
      ([app, golden]) => ({ app, ...golden }),
    ),
    series: series(there, { to: moment.now, points: moment.points, stepMs: moment.stepMs }, arrived),
  };
}

/** As callers saw each app; where nobody calls, as it saw itself. Pure. */
export function allFigures(proxies: readonly WatchedProxy[], moment: Moment): Record<string, AppFigures> {
  const span = spanOf(moment);
  const itself = gather(proxies, span, ({ target }, name) =>
    !target.gateway && name.startsWith("inbound|") ? target.app : undefined,
  );
  const called = gather(proxies, span, (_, name) => {
    const destination = destinationOf(name);
    return destination === undefined || destination.segment === null ? undefined : destination.app;
  });
  const figures: Record<string, AppFigures> = {};
  for (const views of [itself, called]) {
    for (const [app, { rate, errors, p99 }] of views)
      if (figures[app] === undefined || rate > 0) figures[app] = { rate, errors, p99 };
  }
  return figures;
}

/** Whether a proxy has been told of an app: only declared callers are. */
export function calls({ history }: WatchedProxy, app: string): boolean {
  return history.callees.has(app);
}

function spanOf({ now, windowMs }: Moment): Span {
  return { from: now - windowMs, to: now };
}

function heardOf(proxies: readonly WatchedProxy[], { from, to }: Span): { heard: number; total: number } {
  return {
    heard: proxies.filter(({ history }) => history.perSecond(from, to) !== undefined).length,
    total: proxies.length,
  };
}

function edges(
  groups: Map<string, Golden>,
  of: (name: string) => { gateway: boolean; outside: boolean },
): EdgeSignals[] {
  return named(groups).map(([app, golden]) => ({ app, ...of(app), ...golden }));
}

function named(groups: Map<string, Golden>): [string, Golden][] {
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}
