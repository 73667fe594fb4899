/**
 * Counters of one Envoy cluster or inbound listener, flat so that differences, shares and sums are one loop each.
 * Keys: `code:200` (or `code:2xx`) answers; `le:2.5:5` answers that took more than 2.5 and at most 5 ms; `time:sum` ms;
 * `timeout`, `overflow`, `retry`, `connectFail`, `connections`, `received`, `sent` (bytes). `retried:500`: answers that
 * the caller's proxy kept to itself and tried again (they aren't among `code:`). Of what comes in, `denied`: answers that
 * the callee's proxy gave instead of the app, because a rate limit, an authorization policy or a missing JWT said so.
 * Under `unrouted`: `managed:5xx`, all answers with 5xx that a caller's proxy gave the app beside it, and `noRoute` (404).
 * Absent: 0.
 */
export type Counters = Record<string, number>;

/** What is now, not since when. */
export interface Gauges {
  active: number;
  connectionsActive: number;
  healthyHosts: number;
  hosts: number;
}
export const noGauges: Gauges = { active: 0, connectionsActive: 0, healthyHosts: 0, hosts: 0 };

/** What one Envoy tells: by its own name of the cluster, `outbound|80|r3|catalog.food.svc.cluster.local` or `inbound|8080`. */
export interface Page {
  counters: Map<string, Counters>;
  gauges: Map<string, Gauges>;
  /** Whole seconds since the proxy started; undefined: not told. */
  uptimeS?: number;
}
/** The page's name for what a proxy's outbound listeners answered, whether a cluster was asked or not. */
export const unrouted = "unrouted";
/** The page's name for what is counted for all ports of a pod together. */
export const inboundAll = "inbound|*";

/** What was added from one page to the next. A counter that went down began anew (the proxy restarted). Nothing added: absent. */
export function difference(before: Page, after: Page): Map<string, Counters> {
  const added = new Map<string, Counters>();
  for (const [name, counters] of after.counters) {
    const known = before.counters.get(name) ?? {};
    const more: Counters = {};
    let any = false;
    for (const key in counters) {
      const value = counters[key]!;
      const base = known[key] ?? 0;
      const delta = value >= base ? value - base : value;
      if (delta === 0) continue;
      more[key] = delta;
      any = true;
    }
    if (any) added.set(name, more);
  }
  return added;
}

/** Adds `share` of the counters to a sum. */
export function addTo(sum: Counters, counters: Counters, share = 1): void {
  for (const key in counters) sum[key] = (sum[key] ?? 0) + counters[key]! * share;
}
