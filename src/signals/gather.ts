import { addTo, noGauges, type Counters, type Gauges } from "./counters.ts";
import { goldenOf, type Golden } from "./golden.ts";
import type { WatchedProxy } from "./proxy.ts";

/** To which group what a proxy counts under a name belongs; undefined: to none. */
export type Grouping = (proxy: WatchedProxy, name: string) => string | undefined;
export interface Span {
  from: number;
  to: number;
}

/** Golden signals of each group over a span, summed over proxies and names. A group without traffic is there too. */
export function gather(proxies: readonly WatchedProxy[], { from, to }: Span, grouping: Grouping): Map<string, Golden> {
  const sums = new Map<string, { counters: Counters; gauges: Gauges }>();
  for (const proxy of proxies) {
    const rates = proxy.history.perSecond(from, to);
    // A cluster that is gone since (a revision that was taken back) had its requests all the same.
    for (const name of new Set([...proxy.history.names(), ...(rates?.keys() ?? [])])) {
      const group = grouping(proxy, name);
      if (group === undefined) continue;
      const sum = sums.get(group) ?? { counters: {}, gauges: { ...noGauges } };
      sums.set(group, sum);
      const counters = rates?.get(name);
      if (counters !== undefined) addTo(sum.counters, counters);
      const gauges = proxy.history.gauges.get(name);
      if (gauges !== undefined) {
        sum.gauges.active += gauges.active;
        sum.gauges.connectionsActive += gauges.connectionsActive;
      }
    }
  }
  return new Map([...sums].map(([group, { counters, gauges }]) => [group, goldenOf(counters, gauges)]));
}

/** All in one. */
export function gatherAll(
  proxies: readonly WatchedProxy[],
  span: Span,
  belongs: (proxy: WatchedProxy, name: string) => boolean,
): Golden {
  return (
    gather(proxies, span, (proxy, name) => (belongs(proxy, name) ? "" : undefined)).get("") ?? goldenOf({}, noGauges)
  );
}

/** Points of equal length up to `to`; null where nobody looked. */
export interface Series {
  /** Unix ms of the first point's beginning. */
  from: number;
  stepMs: number;
  rate: (number | null)[];
  errors: (number | null)[];
  p50: (number | null)[];
  p99: (number | null)[];
}

export function series(
  proxies: readonly WatchedProxy[],
  { to, points, stepMs }: { to: number; points: number; stepMs: number },
  belongs: (proxy: WatchedProxy, name: string) => boolean,
): Series {
  // Points lie on whole steps, so that they don't change their value with every look.
  const end = Math.floor(to / stepMs) * stepMs;
  const result: Series = { from: end - points * stepMs, stepMs, rate: [], errors: [], p50: [], p99: [] };
  for (let index = 0; index < points; index++) {
    const span = { from: result.from + index * stepMs, to: result.from + (index + 1) * stepMs };
    const looked = proxies.some(({ history }) => history.perSecond(span.from, span.to) !== undefined);
    const golden = looked ? gatherAll(proxies, span, belongs) : undefined;
    result.rate.push(golden?.rate ?? null);
    result.errors.push(golden?.errors ?? null);
    result.p50.push(golden?.p50 ?? null);
    result.p99.push(golden?.p99 ?? null);
  }
  return result;
}
