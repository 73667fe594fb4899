import type { Counters, Gauges } from "./counters.ts";

/** Rate, errors, duration, saturation of some requests over a window. */
export interface Golden {
  /** Requests per second. */
  rate: number;
  /** Share of answers with 5xx, in percent; null: no requests. */
  errors: number | null;
  /** Ms of the answers; null: none. A request that timed out has no duration: its proxy stopped waiting. */
  p50: number | null;
  p90: number | null;
  p99: number | null;
  /** Answers per second by status (`200`), or by class where no more is known (`2xx`). */
  codes: Record<string, number>;
  /** Per second: given up by the caller's proxy (504), refused because its pool was full (503), tried again. */
  timeouts: number;
  overflows: number;
  retries: number;
  /** Requests under way at the last look. */
  active: number;
  /** Connections open at the last look, and new ones per second: all that is known of TCP. */
  connections: number;
  newConnections: number;
  /** Bytes per second. */
  received: number;
  sent: number;
}

/** From counters that are per second already. Pure. */
export function goldenOf(perSecond: Counters, gauges: Pick<Gauges, "active" | "connectionsActive">): Golden {
  const codes: Record<string, number> = {};
  let rate = 0;
  let failed = 0;
  for (const key in perSecond) {
    if (!key.startsWith("code:")) continue;
    const code = key.slice("code:".length);
    const value = perSecond[key]!;
    codes[code] = value;
    rate += value;
    if (code.startsWith("5")) failed += value;
  }
  const buckets = bucketsOf(perSecond);
  return {
    rate,
    errors: rate === 0 ? null : (100 * failed) / rate,
    p50: quantile(buckets, 0.5),
    p90: quantile(buckets, 0.9),
    p99: quantile(buckets, 0.99),
    codes,
    timeouts: perSecond.timeout ?? 0,
    overflows: perSecond.overflow ?? 0,
    retries: perSecond.retry ?? 0,
    active: gauges.active,
    connections: gauges.connectionsActive,
    newConnections: perSecond.connections ?? 0,
    received: perSecond.received ?? 0,
    sent: perSecond.sent ?? 0,
  };
}

export interface Bucket {
  above: number;
  upTo: number;
  count: number;
}

/** The `le:` counters, shortest first. */
export function bucketsOf(counters: Counters): Bucket[] {
  const buckets: Bucket[] = [];
  for (const key in counters) {
    if (!key.startsWith("le:")) continue;
    const [, above, upTo] = key.split(":");
    buckets.push({ above: Number(above), upTo: Number(upTo), count: counters[key]! });
  }
  return buckets.sort((a, b) => a.upTo - b.upTo);
}

/**
 * As Prometheus' histogram_quantile: linear within the bucket; in the last one, which has no end, its beginning.
 * Null without counts.
 */
export function quantile(buckets: readonly Bucket[], q: number): number | null {
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  if (total <= 0) return null;
  let left = q * total;
  for (const { above, upTo, count } of buckets) {
    if (left <= count) return upTo === Infinity ? above : above + (upTo - above) * (left / count);
    left -= count;
  }
  const last = buckets.at(-1)!;
  return last.upTo === Infinity ? last.above : last.upTo;
}
