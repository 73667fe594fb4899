import { IstiodForbids, page, type IstiodAccess } from "./access.ts";
import { parseMetrics, RejectionLog, type ReplicaMetrics } from "./rejections.ts";
import { parseSidecarScope, type SidecarScope } from "./sidecar-scope.ts";
import { parseSyncz, type ProxySync } from "./syncz.ts";

/** All that one process of istiod said at one time of the proxies that are connected to it. */
export interface Round {
  /** When it began, ms of `now`. */
  at: number;
  /** Of its process (`ReplicaMetrics.started`). */
  started: number;
  proxies: readonly ProxySync[];
}

export interface ReplicaOptions {
  access: IstiodAccess;
  /** Monotonic, ms. */
  now(): number;
  /** Of what is in force, as the store has it. */
  revision(): number;
}

const oldestMs = 2000;

interface AskedRound {
  round: Promise<Round>;
  at: number;
  /** Undefined while it is under way. */
  tookMs: number | undefined;
}

/** One istiod, asked no more often than its answers take: whoever asks meanwhile gets the same answer. */
export class Replica {
  readonly name: string;
  readonly rejections = new RejectionLog();
  readonly #options: ReplicaOptions;
  #started: number | undefined;
  #lookedAt = -Infinity;
  #round: AskedRound | undefined;

  constructor(name: string, options: ReplicaOptions) {
    this.name = name;
    this.#options = options;
  }

  /** The one under way, or the last one, unless it is old enough that asking anew isn't too much: ten times as old as it took, or 2 s. */
  lateRound(): Promise<Round> {
    const last = this.#round;
    const isLate =
      last !== undefined &&
      (last.tookMs === undefined || this.#options.now() < last.at + Math.min(10 * last.tookMs, oldestMs));
    return isLate ? last.round : this.round(this.#options.now());
  }

  /** Begun at `since` or later. */
  round(since: number): Promise<Round> {
    const last = this.#round;
    const { now } = this.#options;
    if (last !== undefined && last.at >= since) return last.round;
    const at = now();
    const next: AskedRound = { at, tookMs: undefined, round: this.#ask(at) };
    this.#round = next;
    next.round.then(
      () => (next.tookMs = now() - at),
      () => this.#round === next && (this.#round = undefined),
    );
    return next.round;
  }

  /** What has been rejected by now; nothing when that was looked at within so many ms. */
  async look(withinMs: number): Promise<void> {
    if (this.#options.now() >= this.#lookedAt + withinMs) await this.#metrics();
  }

  /**
   * What istiod computes a proxy's configuration from; undefined when it isn't connected here (any more).
   *
   * Never `/debug/config_dump`, which makes the configuration anew: asked while a push is on its way to the proxy, it makes
   * it from what was before and leaves that in istiod's cache as the newest, where the push then finds it. Proxies are sent
   * the old routes in the new push, and keep them.
   */
  async scope(proxy: string): Promise<SidecarScope | undefined> {
    try {
      // Any proxy whose id contains the text would do for istiod: a connection's id goes on with `-NUMBER`.
      return parseSidecarScope(await this.#page(`/debug/sidecarz?proxyID=${encodeURIComponent(`${proxy}-`)}`));
    } catch (error) {
      if (error instanceof IstiodForbids && error.message.includes("not connected")) return undefined;
      throw error;
    }
  }

  /** Resource versions of the Istio objects that it knows, by `Kind/namespace/name`. They needn't have become a push yet. */
  async known(): Promise<Map<string, string>> {
    type Object = { kind?: string; metadata?: { namespace?: string; name?: string; resourceVersion?: string } };
    const objects = JSON.parse(await this.#page("/debug/configz")) as Object[];
    return new Map(
      objects.map(({ kind, metadata: { namespace = "", name, resourceVersion = "" } = {} }) => [
        `${kind}/${namespace}/${name}`,
        resourceVersion,
      ]),
    );
  }

  /** `/debug/syncz` between two looks at which process it is. */
  async #ask(at: number): Promise<Round> {
    let before = this.#started ?? (await this.#metrics()).started;
    for (;;) {
      const proxies = parseSyncz(await this.#page("/debug/syncz"));
      const { started } = await this.#metrics();
      if (started === before) return { at, started, proxies };
      before = started;
    }
  }

  /** Rejections are read after the states: what is rejected by then mustn't be missing. */
  async #metrics(): Promise<ReplicaMetrics> {
    const metrics = parseMetrics(await this.#page("/metrics"));
    this.#started = metrics.started;
    this.#lookedAt = this.#options.now();
    this.rejections.look(this.#options.revision(), metrics);
    return metrics;
  }

  #page(path: string): Promise<string> {
    return page(this.#options.access, this.name, path);
  }
}
