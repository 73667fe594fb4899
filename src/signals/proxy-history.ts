import { addTo, difference, type Counters, type Gauges, type Page } from "./counters.ts";

/** What was added between two looks at a proxy, in Unix ms. */
interface Step {
  from: number;
  to: number;
  added: Map<string, Counters>;
}

/** No more steps than this, however often somebody looks. */
const mostSteps = 240;

/** What one proxy did lately. Bounded in time and in steps. */
export class ProxyHistory {
  readonly #keepMs: number;
  #steps: Step[] = [];
  #last: { at: number; page: Page } | undefined;

  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  /** A page that was read at a time (Unix ms). The first one only says where the counters stand. */
  add(at: number, page: Page): void {
    if (this.#last !== undefined && at > this.#last.at)
      this.#steps.push({ from: this.#last.at, to: at, added: difference(this.#last.page, page) });
    this.#last = { at, page };
    const tooMany = this.#steps.length - mostSteps;
    this.#steps = this.#steps.filter(({ to }, index) => to > at - this.#keepMs && index >= tooMany);
  }

  /** Unix ms of the last look; undefined: never. */
  get lastAt(): number | undefined {
    return this.#last?.at;
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

  /** Counters per second over a time, by cluster; a step that lies partly in it counts by its share. Undefined: not looked at then. */
  perSecond(from: number, to: number): Map<string, Counters> | undefined {
    const sums = new Map<string, Counters>();
    let covered = 0;
    for (const step of this.#steps) {
      const overlap = Math.min(to, step.to) - Math.max(from, step.from);
      if (overlap <= 0) continue;
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
