import { addTo, difference, type Counters, type Gauges, type Page } from "./counters.ts";
import { destinationOf } from "./destination.ts";

/** What was added between two looks at a proxy, in Unix ms. */
export interface Step {
  from: number;
  to: number;
  added: Map<string, Counters>;
}

/** No more steps than this, however often somebody looks. */
const mostSteps = 400;
/** A proxy that is younger than this at the first look was born under our eyes: what it counted since is a step too. */
const bornLatelyS = 60;
const empty: Page = { counters: new Map(), gauges: new Map() };

/** What one proxy did lately. Bounded in time and in steps. */
export class ProxyHistory {
  readonly #keepMs: number;
  #steps: Step[] = [];
  #bornAt: number | undefined;
  #last: { at: number; page: Page; callees?: ReadonlySet<string> } | undefined;

  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  /**
   * A page that was read at a time (Unix ms). The first one only says where the counters stand, unless the proxy has
   * just been born. A proxy that started anew since the last page counts from zero; what it did between that page and
   * its end is lost.
   */
  add(at: number, page: Page): void {
    const last = this.#last;
    if (last !== undefined && at <= last.at) return;
    // Whole seconds, rounded down: it may be a second older.
    const bornAt = page.uptimeS === undefined ? undefined : at - (page.uptimeS + 1) * 1000;
    if (last === undefined) {
      if (bornAt !== undefined && page.uptimeS! <= bornLatelyS)
        this.#steps.push({ from: (this.#bornAt = bornAt), to: at, added: difference(empty, page) });
    } else {
      const younger = page.uptimeS !== undefined && page.uptimeS < (last.page.uptimeS ?? 0);
      const anew = younger || (bornAt !== undefined && bornAt > last.at);
      this.#steps.push({ from: last.at, to: at, added: difference(anew ? empty : last.page, page) });
    }
    this.#last = { at, page };
    const tooMany = this.#steps.length - mostSteps;
    this.#steps = this.#steps.filter(({ to }, index) => to > at - this.#keepMs && index >= tooMany);
  }

  /** Unix ms of the last look; undefined: never. */
  get lastAt(): number | undefined {
    return this.#last?.at;
  }

  /** Unix ms of the proxy's start, to the second, when it was seen: before that it did nothing. Undefined: it was there already. */
  get bornAt(): number | undefined {
    return this.#bornAt;
  }

  /** What was added between looks that lie at least partly in the time. */
  steps(from: number, to: number): Step[] {
    return this.#steps.filter((step) => step.to > from && step.from < to);
  }

  /** Totals since the proxy started, as of the last look. */
  get totals(): ReadonlyMap<string, Counters> {
    return this.#last?.page.counters ?? new Map();
  }

  get gauges(): ReadonlyMap<string, Gauges> {
    return this.#last?.page.gauges ?? new Map();
  }

  /** Names of clusters that the proxy has, with traffic or without. */
  names(): string[] {
    return [...new Set([...this.totals.keys(), ...this.gauges.keys()])];
  }

  /** Apps and outside hosts that the proxy has been told of: only declared callees are. */
  get callees(): ReadonlySet<string> {
    if (this.#last === undefined) return new Set();
    return (this.#last.callees ??= new Set(
      this.names()
        .map((name) => destinationOf(name)?.app)
        .filter((app) => app !== undefined),
    ));
  }

  /** Whether the whole time is covered by steps, none of which is longer than `longestMs`. */
  covers(from: number, to: number, longestMs: number): boolean {
    let at = from;
    for (const step of this.#steps) {
      if (step.to <= at || step.from >= to) continue;
      if (step.from > at || step.to - step.from > longestMs) return false;
      at = step.to;
    }
    return at >= to;
  }

  /** Counters per second over a time, by cluster; a step that lies partly in it counts by its share. Undefined: not looked at then. */
  perSecond(from: number, to: number): Map<string, Counters> | undefined {
    const sums = new Map<string, Counters>();
    let covered = 0;
    for (const step of this.steps(from, to)) {
      const overlap = Math.min(to, step.to) - Math.max(from, step.from);
      covered += overlap;
      for (const [name, counters] of step.added) {
        const sum = sums.get(name) ?? {};
        addTo(sum, counters, overlap / (step.to - step.from));
        sums.set(name, sum);
      }
    }
    if (covered === 0) return undefined;
    for (const sum of sums.values()) for (const key in sum) sum[key] = (sum[key]! * 1000) / covered;
    return sums;
  }
}
