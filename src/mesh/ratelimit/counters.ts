import { unitSeconds } from "./limits.ts";
import type { DescriptorEntry, Limit, LimitUnit } from "./limits.ts";

/** How a hit came out. */
export interface Hit {
  readonly over: boolean;
  readonly remaining: number;
  /** Until the window ends, ms. */
  readonly resetMs: number;
}

interface Window {
  start: number;
  readonly counts: Map<string, { domain: string; entries: readonly DescriptorEntry[]; limit: Limit; hits: number }>;
}

/** Above this many counters of one unit the oldest is dropped, and begins anew when it is hit again. */
const mostCounters = 200_000;

/**
 * Counters of fixed windows, as envoyproxy/ratelimit counts: a window begins at a whole multiple of its unit since 1970
 * (UTC), every hit counts, also one that is refused, and each descriptor (keys and values) has a counter of its own.
 * All windows of a unit end together, so that one map for each unit is all that is ever kept.
 */
export class Counters {
  readonly #windows = new Map<LimitUnit, Window>();

  /** `now`: Unix ms. `hits` as in `hits_addend`; 0 only asks. */
  hit(domain: string, entries: readonly DescriptorEntry[], limit: Limit, hits: number, now: number): Hit {
    const unitMs = unitSeconds[limit.unit] * 1000;
    const window = this.#window(limit.unit, now - (now % unitMs));
    const key = JSON.stringify([domain, ...entries.map(({ key, value }) => [key, value])]);
    let counter = window.counts.get(key);
    if (!counter) {
      window.counts.set(key, (counter = { domain, entries, limit, hits: 0 }));
      if (window.counts.size > mostCounters) window.counts.delete(window.counts.keys().next().value!);
    }
    counter.limit = limit;
    counter.hits += hits;
    return {
      over: counter.hits > limit.requests,
      remaining: Math.max(0, limit.requests - counter.hits),
      resetMs: window.start + unitMs - now,
    };
  }

  /** Drops windows that have ended. */
  expire(now: number): void {
    for (const [unit, window] of this.#windows)
      if (now >= window.start + unitSeconds[unit] * 1000) this.#windows.delete(unit);
  }

  /** Counters of the current windows, the fullest first. */
  list(
    now: number,
    most: number,
  ): {
    domain: string;
    entries: readonly DescriptorEntry[];
    unit: LimitUnit;
    limit: number;
    hits: number;
    resetMs: number;
  }[] {
    this.expire(now);
    return [...this.#windows]
      .flatMap(([unit, { start, counts }]) =>
        [...counts.values()].map(({ domain, entries, limit, hits }) => ({
          domain,
          entries,
          unit,
          limit: limit.requests,
          hits,
          resetMs: start + unitSeconds[unit] * 1000 - now,
        })),
      )
      .sort((a, b) => b.hits / (b.limit || 1) - a.hits / (a.limit || 1))
      .slice(0, most);
  }

  get size(): number {
    return [...this.#windows.values()].reduce((sum, { counts }) => sum + counts.size, 0);
  }

  #window(unit: LimitUnit, start: number): Window {
    let window = this.#windows.get(unit);
    // A clock that was set back doesn't open an old window again.
    if (!window || start > window.start) this.#windows.set(unit, (window = { start, counts: new Map() }));
    return window;
  }
}
