import type { EvidenceQuery } from "./evidence.ts";
import type { WatchedProxy } from "./proxy.ts";

interface Span {
  from: number;
  to: number;
}

/** Between the last reading of a proxy and the discovery that it is gone: longer, and something may have happened unseen. */
const goneUnseenMs = 15_000;
/** How long a look waits for readings after its end. */
const patienceMs = 5_000;
/** A reading that covers more than this, or than a look, tells nothing of when. */
const longestReadingMs = 10_000;

/** The proxies of the cluster that have something to tell: callers, gateways that know the app, and its pods. */
export function concernedBy(proxies: readonly WatchedProxy[], query: EvidenceQuery): WatchedProxy[] {
  return proxies.filter((proxy) => proxy.target.cluster === query.cluster && isConcerned(proxy, query));
}

function isConcerned({ target, history }: WatchedProxy, query: EvidenceQuery): boolean {
  const { app, kind, revision, baseline, edges = [], callers } = query;
  if (kind === "edges") return edges.some(({ caller }) => caller === target.app);
  if (target.app === app && !target.gateway)
    return kind === "traffic" || target.revision === revision || target.revision === baseline;
  if (history.callees.has(app) || callers?.includes(target.app)) return true;
  // Never read: whom it calls isn't known.
  return history.lastAt === undefined && (callers === undefined || target.gateway);
}

/** Who was there in a look, and who of them told all of it. */
export function hearing(
  proxies: readonly WatchedProxy[],
  look: Span,
  intervalMs: number,
): { heard: number; total: number } {
  const told = proxies.map((proxy) => tells(proxy, look, intervalMs)).filter((answer) => answer !== undefined);
  return { heard: told.filter(Boolean).length, total: told.length };
}

/** Undefined: it wasn't there. */
function tells({ history, seenAt, goneAt }: WatchedProxy, look: Span, intervalMs: number): boolean | undefined {
  const { bornAt, lastAt } = history;
  const longest = Math.max(intervalMs, longestReadingMs);
  if (lastAt === undefined) {
    const there = (seenAt ?? -Infinity) < look.to && (goneAt ?? Infinity) > look.from;
    return there ? false : undefined;
  }
  if (bornAt !== undefined && bornAt >= look.to) return undefined;
  const from = Math.max(look.from, bornAt ?? -Infinity);
  if (goneAt === undefined || lastAt >= look.to) return history.covers(from, look.to, longest);
  // Gone: it did nothing that we know of after the last reading.
  if (goneAt - lastAt > goneUnseenMs) return goneAt > look.from ? false : undefined;
  return lastAt <= look.from ? undefined : history.covers(from, lastAt, longest);
}

/** Whether a look that has just ended may still get readings. */
export function isPending(proxies: readonly WatchedProxy[], look: Span, now: number): boolean {
  return (
    now < look.to + patienceMs &&
    proxies.some(({ history, goneAt }) => goneAt === undefined && (history.lastAt ?? -Infinity) < look.to)
  );
}
