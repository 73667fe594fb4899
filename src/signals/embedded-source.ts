import { allFigures, appSignals, calls, clusterSignals, type Moment } from "./app-signals.ts";
import { readPage } from "./envoy-page.ts";
import { istioMetrics } from "./istio-metrics.ts";
import { idOf, type ProxyTarget, type WatchedProxy } from "./proxy.ts";
import { ProxyHistory } from "./proxy-history.ts";
import type { SignalsSource } from "./signals-source.ts";

export interface EmbeddedSourceOptions {
  /** All proxies there are. Rejects when a cluster can't be asked: what was known of it stays. */
  targets: () => Promise<readonly ProxyTarget[]>;
  /** An Envoy's page in Prometheus' format (`statsPath` of envoy-page.ts). */
  scrape: (target: ProxyTarget) => Promise<string>;
  /** Unix ms. */
  now: () => number;
  failed?: (target: ProxyTarget | undefined, error: unknown) => void;
}

/** Each Envoy puts its page together on its only worker: those that somebody looks at are asked often, the others seldom. */
const hotMs = 5_000;
const coldMs = 30_000;
/** How long something counts as looked at. */
const interestMs = 30_000;
const targetsMs = 10_000;
const keepMs = 12 * 60_000;
/** Pages that are read at the same time. */
const atOnce = 2;
const mostProxies = 500;
const tickMs = 1_000;

/** The source of embedded clusters: asks the Envoys themselves, through the Kubernetes API of their cluster. */
export class EmbeddedSource implements SignalsSource {
  readonly #options: EmbeddedSourceOptions;
  readonly #proxies = new Map<string, WatchedProxy & { triedAt: number }>();
  readonly #interest = { apps: new Map<string, number>(), clusters: new Map<string, number>() };
  #listedAt = -Infinity;
  #working: Promise<void> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: EmbeddedSourceOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.tick(), tickMs).unref();
  }

  /** Resolves when the last page has been read. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#working;
  }

  app(name: string) {
    this.#interest.apps.set(name, this.#options.now());
    return appSignals(name, this.#all(), this.#moment());
  }

  cluster(name: string) {
    this.#interest.clusters.set(name, this.#options.now());
    return clusterSignals(name, this.#all(), this.#moment());
  }

  figures() {
    return allFigures(this.#all(), { ...this.#moment(), windowMs: coldMs * 3 });
  }

  metrics(): string {
    return istioMetrics(this.#all());
  }

  /** Reads the pages that are due. One round at a time. */
  tick(): Promise<void> {
    this.#working ??= this.#round().finally(() => (this.#working = undefined));
    return this.#working;
  }

  async #round(): Promise<void> {
    const { now, targets, failed } = this.#options;
    if (now() - this.#listedAt >= targetsMs) {
      this.#listedAt = now();
      try {
        this.#keepOnly(await targets());
      } catch (error) {
        failed?.(undefined, error);
      }
    }
    this.#forget();
    const due = [...this.#proxies.values()]
      .filter((proxy) => now() - proxy.triedAt >= (this.#isHot(proxy) ? hotMs : coldMs))
      .sort((a, b) => a.triedAt - b.triedAt);
    // A few at a time: 30 proxies that all wait for their background look are spread over its pace.
    const hot = due.filter((proxy) => this.#isHot(proxy));
    const cold = due
      .filter((proxy) => !this.#isHot(proxy))
      .slice(0, Math.max(1, Math.ceil(this.#proxies.size / (coldMs / tickMs))));
    const queue = [...hot, ...cold];
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (let proxy = queue.shift(); proxy !== undefined; proxy = queue.shift()) await this.#look(proxy);
      }),
    );
  }

  async #look(proxy: WatchedProxy & { triedAt: number }): Promise<void> {
    const { scrape, now, failed } = this.#options;
    proxy.triedAt = now();
    try {
      const text = await scrape(proxy.target);
      proxy.history.add(now(), readPage(text));
    } catch (error) {
      failed?.(proxy.target, error);
    }
  }

  #keepOnly(targets: readonly ProxyTarget[]): void {
    const wanted = new Map(targets.slice(0, mostProxies).map((target) => [idOf(target), target]));
    for (const id of this.#proxies.keys()) if (!wanted.has(id)) this.#proxies.delete(id);
    for (const [id, target] of wanted)
      if (!this.#proxies.has(id))
        this.#proxies.set(id, { target, history: new ProxyHistory(keepMs), triedAt: -Infinity });
  }

  #isHot(proxy: WatchedProxy): boolean {
    const { target } = proxy;
    if (this.#interest.clusters.has(target.cluster) || this.#interest.apps.has(target.app)) return true;
    for (const app of this.#interest.apps.keys()) if (calls(proxy, app)) return true;
    return false;
  }

  #forget(): void {
    const since = this.#options.now() - interestMs;
    for (const looks of [this.#interest.apps, this.#interest.clusters])
      for (const [name, at] of looks) if (at < since) looks.delete(name);
  }

  #all(): WatchedProxy[] {
    return [...this.#proxies.values()];
  }

  #moment(): Moment {
    return { now: this.#options.now(), windowMs: 60_000, points: 60, stepMs: 10_000 };
  }
}
