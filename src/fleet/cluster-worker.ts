/**
 * One cluster's worker: applies what is desired, prunes what it made and nobody wants, heals drift, and tells what it
 * sees. The only writer of the cluster's objects. Work is proportional to what changed, not to what exists.
 */
import type { Seen } from "../model/rows.ts";
import { backOffMs, type BackOff } from "../kube/back-off.ts";
import { systemClock, type Clock } from "../kube/clock.ts";
import { KubeError } from "../kube/kube-error.ts";
import { kinds, type Kind } from "../objects/kinds.ts";
import { scaledBy } from "./autoscaled.ts";
import { keyText, parseKey, type ObjectKey } from "./desired.ts";
import { DirtyKeys } from "./dirty-keys.ts";
import { DriftLog } from "./drift-log.ts";
import { Healing } from "./healing.ts";
import { LedgerWriter } from "./ledger-writer.ts";
import { LiveObjects } from "./live-objects.ts";
import { News } from "./news.ts";
import { failureText, heldText, type RoundContext } from "./round.ts";
import { Rounds } from "./rounds.ts";
import { TokenBucket } from "./token-bucket.ts";
import { withOwners } from "./owner.ts";
import type { ClusterWorkerOptions, WorkerStatus } from "./worker-options.ts";

/** Told with every event: without it each time an exception would be made, with its stack. */
const woken = "woken";

export class ClusterWorker {
  readonly #options: ClusterWorkerOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #backOff: BackOff;
  readonly #ledger: LedgerWriter;
  readonly #live: LiveObjects;
  readonly #dirty: DirtyKeys;
  readonly #bucket: TokenBucket;
  readonly #healing: Healing;
  readonly #news = new News();
  #drifts: DriftLog;
  #isIdentified: boolean;
  readonly #stop = new AbortController();
  readonly #rounds = new Rounds();
  #running: Promise<unknown> | undefined;
  #work = new AbortController();
  /** Ends the wait after a round that failed. */
  #answered = new AbortController();
  #error: string | undefined;
  #lost = false;
  #heldPrune = 0;
  #started = false;
  #last: Seen | undefined;
  #identity: Seen["identity"];

  constructor(options: ClusterWorkerOptions) {
    this.#options = options;
    this.#last = options.last;
    this.#identity = options.last?.identity;
    this.#drifts = new DriftLog(options.last?.drift);
    this.#isIdentified = options.identify === undefined;
    this.#healing = options.healing ?? new Healing();
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
      drifting: (key) => this.#drifts.waiting.has(key),
      observed: () => {
        this.#wake();
        this.#news.tell();
      },
      answers: () => this.#answered.abort(woken),
      readable: (kind, problem) => {
        if (problem === undefined) this.#dirty.retryNow();
        else options.event?.({ type: "kind-unreadable", kind: kind.kind, error: problem });
        this.#wake();
      },
    });
  }

  start(): void {
    if (this.#running) return;
    const { report, reportMs = 100, heartbeatMs = 5000 } = this.#options;
    const reporting = { clock: this.#clock, signal: this.#stop.signal, gatherMs: reportMs, heartbeatMs };
    this.#running = Promise.all([this.#run(), this.#news.follow(() => report(this.seen()), reporting)]);
  }

  /** Ends what is under way; the cluster stays as it is. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake();
    this.#news.tell();
    await this.#live.stop();
    await this.#running;
  }

  /** It has found the cluster, and that it is the one that is meant. */
  get isIdentified(): boolean {
    return this.#isIdentified;
  }

  seen(): Seen {
    const { cluster } = this.#options;
    const [last, identity, now] = [this.#last, this.#identity, this.#clock.now()];
    const [error, trouble, unhealthy] = [this.#problem(), this.#trouble(), this.#live.unhealthy(now)];
    // Not having looked yet isn't having seen nothing.
    const pods = this.#live.podsSynced
      ? { ready: this.#live.ready(), at: now - this.#live.podsAgeMs(now) }
      : { ready: last?.ready ?? {}, at: last?.at ?? 0 };
    return {
      cluster,
      ...this.#applied(),
      ...pods,
      ...this.#drifts.told(),
      ...(unhealthy !== undefined && { unhealthy }),
      ...(identity !== undefined && { identity }),
      ...(error !== undefined && { error }),
      ...(trouble !== undefined && { trouble }),
    };
  }

  status(): WorkerStatus {
    const error = this.#problem() ?? this.#trouble();
    return {
      ...{ drift: [], drifting: 0, ...this.#drifts.told() },
      unhealthy: this.#live.unhealthy(this.#clock.now()) ?? { count: 0, objects: [] },
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
    const { applied = 0, beyond } = this.#last ?? {};
    return { applied, ...(beyond !== undefined && { beyond }) };
  }

  /** Why what is known of the cluster may be old, or nothing can be done there. */
  #problem(): string | undefined {
    return this.#error ?? this.#live.error();
  }

  #trouble(): string | undefined {
    const held = this.#heldPrune > 0 ? heldText(this.#heldPrune) : undefined;
    return failureText(this.#dirty.failures()) ?? this.#unreadableKind() ?? held ?? this.#options.remark?.();
  }

  /** Of a kind that we keep something of, or count. */
  #unreadableKind(): string | undefined {
    for (const [kind, problem] of this.#live.unreadables())
      if (kind === kinds.Pod || this.#ledger.entries.keys().some((key) => parseKey(key)?.kind === kind)) return problem;
    return undefined;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const { desired, identify } = this.#options;
    if (identify !== undefined) {
      await this.#untilDone(async () => {
        const { identity, fresh, last = this.#last } = await identify();
        this.#identity = identity;
        this.#isIdentified = true;
        this.#last = fresh ? undefined : last;
        this.#drifts = new DriftLog(this.#last?.drift);
      });
      if (signal.aborted) return;
    }
    this.#live.start();
    await this.#untilDone(() => this.#ledger.load(), "the ledger can't be read: ");
    if (signal.aborted) return;
    let known = desired.revision;
    const stopListening = desired.listen(({ revision, keys, apps }) => {
      // Told of several revisions at once (others have written too), it can't say which of them wants what.
      for (const key of keys) this.#want(key, Math.min(known + 1, revision), revision, apps);
      known = revision;
      this.#wake();
      this.#news.tell();
    });
    // Until looked at, nothing later than what was reported is known to be applied.
    const first = (this.#last?.applied ?? 0) + 1;
    const unknown = (key: ObjectKey, apps?: string[]): void =>
      this.#dirty.markWanted(key, Math.max(first, desired.revision), apps, first);
    // What is written from now on waits for no other app's object that is refused.
    for (const [key, owner] of withOwners(desired.objects())) unknown(key, owner);
    for (const key of this.#ledger.entries.keys()) if (!desired.get(key)) unknown(key);
    const texts = new Set(
      [...this.#ledger.entries.keys(), ...[...desired.objects()].map(({ key }) => key)].map(keyText),
    );
    this.#drifts.forget((object) => texts.has(object), this.#clock.now());
    this.#started = true;
    const stopFollowing = this.#healing.listen(() => this.#wake());

    let failures = 0;
    while (!signal.aborted) {
      this.#work = new AbortController();
      this.#markResumed();
      const due = this.#dirty.due(this.#clock.now());
      if (due.size === 0 || !this.#live.synced(this.#kindsInPlay())) {
        const now = this.#clock.now();
        const next = (due.size > 0 ? undefined : this.#dirty.nextAt()) ?? now + 60_000;
        await this.#clock.sleep(Math.min(Math.max(1, next - now), this.#healing.endsIn(now)), this.#work.signal);
        continue;
      }
      try {
        this.#heldPrune = 0;
        await this.#rounds.next(this.#roundContext(), due);
        failures = 0;
        this.#contact(undefined);
      } catch (cause) {
        if (signal.aborted) break;
        this.#contact(cause);
        this.#answered = new AbortController();
        const wait = backOffMs(this.#backOff, ++failures, this.#random);
        await this.#clock.sleep(wait, AbortSignal.any([signal, this.#answered.signal]));
      }
      this.#news.tell();
    }
    stopListening();
    stopFollowing();
  }

  /** What waited only for a pause to end. */
  #markResumed(): void {
    const isPaused = (app: string | undefined) => this.#healing.pause(app, this.#clock.now()) !== undefined;
    for (const key of this.#drifts.resume(isPaused)) this.#dirty.markSeen(key);
  }

  #want(key: ObjectKey, from: number, to: number, apps: readonly string[] | undefined): void {
    this.#dirty.markWanted(key, to, apps, from);
    const deployment = scaledBy(key);
    if (deployment !== undefined && this.#options.desired.get(deployment))
      this.#dirty.markWanted(deployment, to, apps, from);
  }

  #roundContext(): Omit<RoundContext, "givesWay"> {
    const { kube, desired, event, concurrency = 8, mayBeEmpty = () => false } = this.#options;
    return {
      client: kube,
      source: desired,
      ledger: this.#ledger,
      live: this.#live,
      dirty: this.#dirty,
      drifts: this.#drifts,
      healing: this.#healing,
      clock: this.#clock,
      concurrency,
      mayBeEmpty,
      turn: async () => {
        if (await this.#bucket.turn(this.#clock, this.#stop.signal)) return;
        throw new KubeError("kube/aborted", "the worker is being stopped");
      },
      tell: (each) => {
        if (each.type === "prune-held") this.#heldPrune = each.objects;
        event?.(each);
        this.#news.tell();
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
    this.#news.tell();
  }

  async #untilDone(work: () => Promise<void>, what = ""): Promise<void> {
    for (let failures = 1; !this.#stop.signal.aborted; failures++) {
      try {
        await work();
        this.#error = undefined;
        return;
      } catch (cause) {
        this.#error = `${what}${cause instanceof Error ? cause.message : String(cause)}`;
        if (failures === 1) this.#options.event?.({ type: "waits", error: this.#error });
        this.#news.tell();
        await this.#clock.sleep(backOffMs(this.#backOff, failures, this.#random), this.#stop.signal);
      }
    }
  }

  #wake(): void {
    this.#work.abort(woken);
  }
}
