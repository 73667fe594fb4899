import { addTo, unrouted, type Counters } from "./counters.ts";
import { destinationOf } from "./destination.ts";
import type { WatchedProxy } from "./proxy.ts";
import {
  bothSides,
  callersTell,
  counts,
  failedOf,
  latencyOf,
  localOf,
  refusedOf,
  requestsOf,
  type Counts,
} from "./tally.ts";
import { concernedBy, hearing, isPending } from "./witnesses.ts";

/** What is asked about one cluster. Times in Unix ms. */
export interface EvidenceQuery {
  app: string;
  cluster: string;
  kind: "workload" | "traffic" | "edges";
  /** Workload: the new revision, and the old one (null: there is none). */
  revision: string | null;
  baseline: string | null;
  /** Since the change was acknowledged; `to` is now. */
  from: number;
  to: number;
  intervalMs: number;
  /** The time before the change: baseline of traffic and edges, and of a workload whose old revision gets nothing any more. */
  before?: { from: number; to: number };
  /** Apps and gateways with an open edge: their proxies must tell, even those that were never read. Absent: every proxy that was never read is in doubt. */
  callers?: readonly string[];
  /** Edges only: the calls that the change is about. */
  edges?: readonly { caller: string; callee: string }[];
}

/** What was added between two times. Proxies concerned that were there (`total`), and those that told all of it (`heard`). */
export interface Look {
  from: number;
  to: number;
  subject: Counts;
  baseline: Counts | null;
  heard: number;
  total: number;
}

interface Span {
  from: number;
  to: number;
}
type Part = "callers" | "callee" | "oldCallers" | "oldCallee";
/** What each part saw in one window, and 5xx and 404 that callers' proxies gave without asking anyone. */
interface Seen extends Record<Part, Counters> {
  unrouted: Counters;
  outbound: Counters;
}

/**
 * Looks of `intervalMs` from `from` on, as far as they are complete: a look is told once every proxy concerned has been
 * read at or after its end, or 5 s after its end without those that weren't. Proxies aren't read at a look's boundaries:
 * what was added between two readings counts in each look by the share of that time which lies in it, so that the sum
 * over looks is right and only its distribution is smoothed. Pure.
 */
export function looks(proxies: readonly WatchedProxy[], query: EvidenceQuery): Look[] {
  const { from, to, intervalMs, before } = query;
  const concerned = concernedBy(proxies, query);
  const windows = Array.from({ length: Math.max(0, Math.floor((to - from) / intervalMs)) }, (_, index) => ({
    from: from + index * intervalMs,
    to: from + (index + 1) * intervalMs,
  }));
  while (windows.length > 0 && isPending(concerned, windows.at(-1)!, to)) windows.pop();
  if (windows.length === 0) return [];
  const seen = collect(concerned, query, before === undefined ? windows : [...windows, before]);
  const past = before === undefined ? undefined : seen.at(-1);
  const now = seen.slice(0, windows.length);
  const tell = query.kind === "edges" ? edgeCounts : sideTeller(now, past);
  const oldTells = query.kind === "workload" && query.baseline !== null;
  const old = oldTells ? oldTeller(now, past) : undefined;
  const earlier = past === undefined || query.kind === "workload" ? undefined : split(tell(past), windows.length);
  return windows.map((window, index) => ({
    ...window,
    subject: tell(now[index]!),
    baseline: old?.(now[index]!, windows.length) ?? earlier ?? null,
    ...hearing(concerned, window, intervalMs),
  }));
}

/** Which side is believed is decided over all windows, so that looks add up. */
function sideTeller(now: readonly Seen[], past: Seen | undefined): (seen: Seen) => Counts {
  const all = past === undefined ? now : [...now, past];
  const byCallers = callersTell(together(all, "callers"), together(all, "callee"));
  return ({ callers, callee }) => bothSides(callers, callee, byCallers);
}

/** The old revision over the same time; where it gets nothing any more, before. */
function oldTeller(now: readonly Seen[], past: Seen | undefined): (seen: Seen, among: number) => Counts {
  const callers = together(now, "oldCallers");
  const callee = together(now, "oldCallee");
  if (past !== undefined && requestsOf(callers) + requestsOf(callee) < 1) {
    const counted = bothSides(past.oldCallers, past.oldCallee, callersTell(past.oldCallers, past.oldCallee));
    return (_, among) => split(counted, among);
  }
  const byCallers = callersTell(callers, callee);
  return ({ oldCallers, oldCallee }) => bothSides(oldCallers, oldCallee, byCallers);
}

/** Callers alone tell of an edge. Who may call is what such a change is about: refusals count, and calls that found no route. */
function edgeCounts({ callers, unrouted: managed, outbound }: Seen): Counts {
  const noRoute = managed.noRoute ?? 0;
  const lost = Math.max(0, (managed["managed:5xx"] ?? 0) - failedFinally(outbound)) + noRoute;
  const refused = refusedOf(callers);
  return counts(
    requestsOf(callers) + lost,
    failedOf(callers) + refused + lost,
    localOf(callers) + refused + lost,
    latencyOf(callers),
  );
}

function failedFinally(counters: Counters): number {
  let sum = 0;
  for (const key in counters) if (key.startsWith("code:5")) sum += counters[key]!;
  return sum;
}

/** A share for each look, so that their sum is what was counted, and no more. */
function split({ requests, failed, byProxy, latency }: Counts, among: number): Counts {
  return counts(
    requests / among,
    failed / among,
    byProxy / among,
    latency.map(({ upTo, count }) => ({ upTo, count: count / among })),
  );
}

function together(windows: readonly Seen[], part: Part): Counters {
  const sum: Counters = {};
  for (const seen of windows) addTo(sum, seen[part]);
  return sum;
}

function collect(proxies: readonly WatchedProxy[], query: EvidenceQuery, windows: readonly Span[]): Seen[] {
  const seen = windows.map((): Seen => ({
    callers: {},
    callee: {},
    oldCallers: {},
    oldCallee: {},
    unrouted: {},
    outbound: {},
  }));
  const first = Math.min(...windows.map(({ from }) => from));
  const last = Math.max(...windows.map(({ to }) => to));
  for (const proxy of proxies) {
    const parts = new Map<string, readonly (keyof Seen)[]>();
    let previous = -Infinity;
    for (const step of proxy.history.steps(first, last)) {
      const shares = sharesOf(step, windows);
      // Envoy puts durations together beside the page: they may come one reading late, and be of the time before the change.
      const timed = query.kind === "workload" || previous >= query.from;
      previous = step.from;
      for (const [name, added] of step.added) {
        let belongs = parts.get(name);
        if (belongs === undefined) parts.set(name, (belongs = partsOf(proxy, name, query)));
        const own = timed ? added : untimed(added);
        for (const part of belongs) for (const [index, share] of shares) addTo(seen[index]![part], own, share);
      }
    }
  }
  return seen;
}

function untimed(counters: Counters): Counters {
  return Object.fromEntries(Object.entries(counters).filter(([key]) => !key.startsWith("le:")));
}

/** Which windows a reading lies in, and how much of it. */
function sharesOf({ from, to }: Span, windows: readonly Span[]): [index: number, share: number][] {
  const shares: [number, number][] = [];
  for (const [index, window] of windows.entries()) {
    const overlap = Math.min(window.to, to) - Math.max(window.from, from);
    if (overlap > 0) shares.push([index, overlap / (to - from)]);
  }
  return shares;
}

/** What a proxy's figures under a name are part of. */
function partsOf({ target }: WatchedProxy, name: string, query: EvidenceQuery): readonly (keyof Seen)[] {
  const { app, kind, revision, baseline, edges = [] } = query;
  const destination = destinationOf(name);
  if (kind === "edges") {
    const mine = edges.filter(({ caller }) => caller === target.app);
    if (mine.length === 0) return [];
    if (name === unrouted) return ["unrouted"];
    if (destination === undefined) return [];
    return mine.some(({ callee }) => callee === destination.app) ? ["callers", "outbound"] : ["outbound"];
  }
  const inbound = name.startsWith("inbound|") && target.app === app && !target.gateway;
  if (!inbound && destination?.app !== app) return [];
  if (kind === "traffic") return [inbound ? "callee" : "callers"];
  const of = inbound ? target.revision : destination!.revision;
  if (of === null) return [];
  if (of === revision) return [inbound ? "callee" : "callers"];
  return of === baseline ? [inbound ? "oldCallee" : "oldCallers"] : [];
}
