import { allFigures, appSignals, calls, clusterSignals, type Moment } from "./app-signals.ts";
import { readPage } from "./envoy-page.ts";
import { looks, type EvidenceQuery, type Look } from "./evidence.ts";
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
const atOnce = 4;
const mostProxies = 500;
const tickMs = 250;
/** As far back as evidence goes: in time, and in readings at a watcher's pace. */
const reachMs = 10 * 60_000;
const reachReadings = 300;

interface Known extends WatchedProxy {
  triedAt: number;
  /** The last try was in vain. */
  ailing?: boolean;
}

/** The source of embedded clusters: asks the Envoys themselves, through the Kubernetes API of their cluster. */
export class EmbeddedSource implements SignalsSource {
  readonly #options: EmbeddedSourceOptions;
  readonly #proxies = new Map<string, Known>();
  /** Gone lately: what they did before still is evidence. */
  #gone: Known[] = [];
  readonly #watches = new Set<{ app: string; paceMs: number }>();
  readonly #interest = { apps: new Map<string, number>(), clusters: new Map<string, number>() };
  #listedAt = -Infinity;
  #working: Promise<void> | undefined;
  #nursing: Promise<void> | undefined;
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
    await Promise.all([this.#working, this.#nursing]);
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

  watch(app: string, intervalMs: number): () => void {
    const watch = { app, paceMs: paceOf(intervalMs) };
    this.#watches.add(watch);
    return () => void this.#watches.delete(watch);
  }

  evidence(query: EvidenceQuery): Look[] {
    const { from, to, intervalMs } = query;
    const reach = Math.min(reachMs, reachReadings * paceOf(intervalMs));
    const beyond = Math.max(0, Math.ceil((to - reach - from) / intervalMs));
    return looks([...this.#proxies.values(), ...this.#gone], { ...query, from: from + beyond * intervalMs });
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
    const paces = this.#paces();
    const overdue = (proxy: Known) => (now() - proxy.triedAt) / paces.get(proxy)!;
    // Everyone who is due is read once in a round, the longest overdue first: however many are watched, none is left out.
    const read = [...paces.keys()].sort((a, b) => paces.get(a)! - paces.get(b)!).slice(0, mostProxies);
    const due = read.filter((proxy) => overdue(proxy) >= 1).sort((a, b) => overdue(b) - overdue(a));
    // A few at a time: 30 proxies that all wait for their background look are spread over its pace.
    const hot = due.filter((proxy) => paces.get(proxy)! < coldMs);
    const cold = due
      .filter((proxy) => paces.get(proxy)! >= coldMs)
      .slice(0, Math.max(1, Math.ceil(this.#proxies.size / (coldMs / tickMs))));
    const queue = [...hot, ...cold];
    // Those that didn't answer last time are asked one after another beside the round, so that nobody waits for their time-outs.
    const ailing = queue.filter((proxy) => proxy.ailing === true);
    if (ailing.length > 0) this.#nursing ??= this.#read(ailing, 1).finally(() => (this.#nursing = undefined));
    await this.#read(
      queue.filter((proxy) => proxy.ailing !== true),
      atOnce,
    );
  }

  async #read(queue: Known[], lanes: number): Promise<void> {
    await Promise.all(
      Array.from({ length: lanes }, async () => {
        for (let proxy = queue.shift(); proxy !== undefined; proxy = queue.shift()) await this.#look(proxy);
      }),
    );
  }

  async #look(proxy: Known): Promise<void> {
    const { scrape, now, failed } = this.#options;
    proxy.triedAt = now();
    try {
      const text = await scrape(proxy.target);
      proxy.history.add(now(), readPage(text));
      proxy.ailing = false;
    } catch (error) {
      proxy.ailing = true;
      failed?.(proxy.target, error);
    }
  }

  #keepOnly(targets: readonly ProxyTarget[]): void {
    const now = this.#options.now();
    const wanted = new Map(targets.map((target) => [idOf(target), target]));
    for (const [id, proxy] of this.#proxies) {
      if (wanted.has(id)) continue;
      this.#proxies.delete(id);
      this.#gone.push({ ...proxy, goneAt: now });
    }
    this.#gone = this.#gone.filter(({ goneAt }) => goneAt! > now - keepMs);
    for (const [id, target] of wanted)
      if (!this.#proxies.has(id))
        this.#proxies.set(id, { target, history: new ProxyHistory(keepMs), triedAt: -Infinity, seenAt: now });
  }

  /** How often each proxy is to be read, in ms. */
  #paces(): Map<Known, number> {
    const watched = new Map<string, number>();
    for (const { app, paceMs } of this.#watches) watched.set(app, Math.min(paceMs, watched.get(app) ?? Infinity));
    const fastest = Math.min(...watched.values());
    const paces = new Map<Known, number>();
    for (const proxy of this.#proxies.values()) {
      let pace = Math.min(this.#isHot(proxy) ? hotMs : coldMs, watched.get(proxy.target.app) ?? Infinity);
      if (proxy.target.gateway) pace = Math.min(pace, fastest);
      if (watched.size > 0)
        for (const callee of proxy.history.callees) pace = Math.min(pace, watched.get(callee) ?? Infinity);
      paces.set(proxy, pace);
    }
    return paces;
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

/** Ms between two readings, so that no look of `intervalMs` has less than two. */
function paceOf(intervalMs: number): number {
  return Math.min(intervalMs, hotMs) / 2;
}
