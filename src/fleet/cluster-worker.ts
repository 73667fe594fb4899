/**
 * One cluster's worker: applies what is desired, prunes what it made and nobody wants, heals drift, and tells what it
 * sees. The only writer of the cluster's objects. Work is proportional to what changed, not to what exists.
 */
import type { Seen } from "../model/rows.ts";
import { backOffMs, type BackOff } from "../kube/back-off.ts";
import { systemClock, type Clock } from "../kube/clock.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import { KubeError } from "../kube/kube-error.ts";
import { kinds, type Kind } from "../objects/kinds.ts";
import { scaledBy } from "./autoscaled.ts";
import { parseKey, type DesiredSource, type ObjectKey } from "./desired.ts";
import { DirtyKeys } from "./dirty-keys.ts";
import type { Ledger } from "./ledger.ts";
import { LedgerWriter } from "./ledger-writer.ts";
import { LiveObjects } from "./live-objects.ts";
import { failureText, round, type RoundContext } from "./round.ts";
import { TokenBucket, type RateLimit } from "./token-bucket.ts";
import type { WorkerEvent } from "./worker-event.ts";

export interface ClusterWorkerOptions {
  cluster: string;
  kube: KubeClient;
  desired: DesiredSource;
  ledger: Ledger;
  /** Called when something changed, at most every `reportMs`, and every `heartbeatMs` anyway. */
  report: (seen: Seen) => void;
  /** What was last reported, by an earlier process: it stands until something newer is known. */
  last?: Seen;
  event?: (event: WorkerEvent) => void;
  clock?: Clock;
  random?: () => number;
  /** Requests to the cluster's API, watches apart. Default 50 a second after a burst of 200. */
  rateLimit?: RateLimit;
  /** Requests in flight at once. Default 8. */
  concurrency?: number;
  /** Whether everything made for rows may be pruned, when no row wants anything any more. Default: no. */
  mayBeEmpty?: () => boolean;
  backOff?: BackOff;
  reportMs?: number;
  heartbeatMs?: number;
}

export interface WorkerStatus {
  /** Revision that is applied wholly, and the one that is wanted. */
  applied: number;
  wanted: number;
  /** Objects still to be looked at. */
  pending: number;
  /** What is refused, by object. */
  failures: { key: ObjectKey; error: string }[];
  error?: string;
  /** Ms since the cluster last told us something; Infinity: never. */
  ageMs: number;
}

export class ClusterWorker {
  readonly #options: ClusterWorkerOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #backOff: BackOff;
  readonly #ledger: LedgerWriter;
  readonly #live: LiveObjects;
  readonly #dirty: DirtyKeys;
  readonly #bucket: TokenBucket;
  readonly #stop = new AbortController();
  #running: Promise<unknown> | undefined;
  #work = new AbortController();
  #news = new AbortController();
  #error: string | undefined;
  #lost = false;
  #heldPrune = 0;
  #started = false;

  constructor(options: ClusterWorkerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#backOff = options.backOff ?? { baseMs: 500, maxMs: 30_000 };
    this.#ledger = new LedgerWriter(options.ledger, options.cluster);
    this.#dirty = new DirtyKeys(this.#backOff, this.#random);
    this.#bucket = new TokenBucket(options.rateLimit ?? { perSecond: 50, burst: 200 }, this.#clock.now());
    this.#live = new LiveObjects({
      client: options.kube,
      clock: this.#clock,
      random: this.#random,
      backOff: this.#backOff,
      changed: (key) => {
        // Of what is neither wanted nor in the ledger we are not the keeper.
        if (!this.#ledger.entries.has(key) && !options.desired.get(key)) return;
        this.#dirty.markSeen(key);
        this.#wake();
      },
      observed: () => {
        this.#wake();
        this.#tellNews();
      },
      readable: (kind, problem) => {
        if (problem === undefined) this.#dirty.retryNow();
        else options.event?.({ type: "kind-unreadable", kind: kind.kind, error: problem });
        this.#wake();
      },
    });
  }

  start(): void {
    if (this.#running) return;
    this.#live.start();
    this.#running = Promise.all([this.#run(), this.#reportOnNews()]);
  }

  /** Ends what is under way; the cluster stays as it is. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake();
    this.#tellNews();
    await this.#live.stop();
    await this.#running;
  }

  seen(): Seen {
    const { cluster, last } = this.#options;
    const now = this.#clock.now();
    const [error, trouble] = [this.#problem(), this.#trouble()];
    // Not having looked yet isn't having seen nothing.
    const pods = this.#live.podsSynced
      ? { ready: this.#live.ready(), at: now - this.#live.podsAgeMs(now) }
      : { ready: last?.ready ?? {}, at: last?.at ?? 0 };
    return {
      cluster,
      ...this.#applied(),
      ...pods,
      ...(error !== undefined && { error }),
      ...(trouble !== undefined && { trouble }),
    };
  }

  status(): WorkerStatus {
    const error = this.#problem() ?? this.#trouble();
    return {
      applied: this.#applied().applied,
      wanted: this.#options.desired.revision,
      pending: this.#dirty.size,
      failures: [...this.#dirty.failures()].map(([key, text]) => ({ key, error: text })),
      ageMs: this.#live.ageMs(this.#clock.now()),
      ...(error === undefined ? {} : { error }),
    };
  }

  #applied(): Pick<Seen, "applied" | "beyond"> {
    if (this.#started) return this.#dirty.appliedOf(this.#options.desired.revision);
    const { applied = 0, beyond } = this.#options.last ?? {};
    return { applied, ...(beyond !== undefined && { beyond }) };
  }

  /** Why what is known of the cluster may be old, or nothing can be done there. */
  #problem(): string | undefined {
    return this.#error ?? this.#live.error();
  }

  #trouble(): string | undefined {
    const held =
      this.#heldPrune > 0
        ? `${this.#heldPrune} objects are kept although nothing is in force any more: pruning everything must be asked for`
        : undefined;
    return failureText(this.#dirty.failures()) ?? this.#unreadableKind() ?? held;
  }

  /** Of a kind that we keep something of, or count. */
  #unreadableKind(): string | undefined {
    for (const [kind, problem] of this.#live.unreadables())
      if (kind === kinds.Pod || this.#ledger.entries.keys().some((key) => parseKey(key)?.kind === kind)) return problem;
    return undefined;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const { desired } = this.#options;
    await this.#untilDone("the ledger can't be read", () => this.#ledger.load());
    if (signal.aborted) return;
    let known = desired.revision;
    const stopListening = desired.listen(({ revision, keys, apps }) => {
      // Told of several revisions at once (others have written too), it can't say which of them wants what.
      for (const key of keys) this.#want(key, Math.min(known + 1, revision), revision, apps);
      known = revision;
      this.#wake();
      this.#tellNews();
    });
    // Until looked at, nothing later than what was reported is known to be applied.
    const first = (this.#options.last?.applied ?? 0) + 1;
    const unknown = (key: ObjectKey, apps?: string[]): void =>
      this.#dirty.markWanted(key, Math.max(first, desired.revision), apps, first);
    // What is written from now on waits for no other app's object that is refused.
    for (const { key, object } of desired.objects()) {
      const owner = object.metadata.labels?.["app"];
      unknown(key, owner === undefined ? undefined : [owner]);
    }
    for (const key of this.#ledger.entries.keys()) if (!desired.get(key)) unknown(key);
    this.#started = true;

    let failures = 0;
    while (!signal.aborted) {
      this.#work = new AbortController();
      const due = this.#dirty.due(this.#clock.now());
      if (due.size === 0 || !this.#live.synced(this.#kindsInPlay())) {
        const next = due.size > 0 ? undefined : this.#dirty.nextAt();
        await this.#clock.sleep(next === undefined ? 60_000 : Math.max(1, next - this.#clock.now()), this.#work.signal);
        continue;
      }
      try {
        this.#heldPrune = 0;
        await round(this.#roundContext(), due);
        failures = 0;
        this.#contact(undefined);
      } catch (cause) {
        if (signal.aborted) break;
        this.#contact(cause);
        await this.#clock.sleep(backOffMs(this.#backOff, ++failures, this.#random), signal);
      }
      this.#tellNews();
    }
    stopListening();
  }

  #want(key: ObjectKey, from: number, to: number, apps: readonly string[] | undefined): void {
    this.#dirty.markWanted(key, to, apps, from);
    const deployment = scaledBy(key);
    if (deployment !== undefined && this.#options.desired.get(deployment))
      this.#dirty.markWanted(deployment, to, apps, from);
  }

  #roundContext(): RoundContext {
    const { kube, desired, event, concurrency = 8, mayBeEmpty = () => false } = this.#options;
    return {
      client: kube,
      source: desired,
      ledger: this.#ledger,
      live: this.#live,
      dirty: this.#dirty,
      clock: this.#clock,
      concurrency,
      mayBeEmpty,
      turn: async () => {
        const wait = this.#bucket.take(this.#clock.now());
        if (wait > 0) await this.#clock.sleep(wait, this.#stop.signal);
        if (this.#stop.signal.aborted) throw new KubeError("kube/aborted", "the worker is being stopped");
      },
      tell: (each) => {
        if (each.type === "prune-held") this.#heldPrune = each.objects;
        event?.(each);
        this.#tellNews();
      },
    };
  }

  /** Nothing is decided before these have been listed in full. What can't be is left out: it holds up no other kind. */
  #kindsInPlay(): Set<Kind> {
    const found = new Set<Kind>();
    for (const key of this.#dirty.due(Infinity).keys()) {
      const parts = parseKey(key);
      if (parts && this.#live.unreadable(parts.kind) === undefined) found.add(parts.kind);
    }
    return found;
  }

  /** How a round ended: an error is the cluster's when the client says so, else the ledger's. */
  #contact(cause: unknown): void {
    this.#error = cause === undefined ? undefined : cause instanceof Error ? cause.message : String(cause);
    const lost = cause instanceof KubeError;
    if (lost && !this.#lost) this.#options.event?.({ type: "contact-lost", error: cause.message });
    if (cause === undefined && this.#lost) this.#options.event?.({ type: "contact-restored" });
    if (lost || cause === undefined) this.#lost = lost;
    this.#tellNews();
  }

  async #untilDone(what: string, work: () => Promise<void>): Promise<void> {
    for (let failures = 1; !this.#stop.signal.aborted; failures++) {
      try {
        await work();
        this.#error = undefined;
        return;
      } catch (cause) {
        this.#error = `${what}: ${cause instanceof Error ? cause.message : String(cause)}`;
        this.#tellNews();
        await this.#clock.sleep(backOffMs(this.#backOff, failures, this.#random), this.#stop.signal);
      }
    }
  }

  async #reportOnNews(): Promise<void> {
    const { report, reportMs = 100, heartbeatMs = 5000 } = this.#options;
    while (!this.#stop.signal.aborted) {
      await this.#clock.sleep(heartbeatMs, this.#news.signal);
      this.#news = new AbortController();
      if (this.#stop.signal.aborted) return;
      report(this.seen());
      await this.#clock.sleep(reportMs, this.#stop.signal);
    }
  }

  #wake(): void {
    this.#work.abort();
  }
  #tellNews(): void {
    this.#news.abort();
  }
}
