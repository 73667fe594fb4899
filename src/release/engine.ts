import { decide, type Act, type Decision } from "../rollout/decide.ts";
import { stageOf } from "../rollout/position.ts";
import { actName } from "../rollout/act-name.ts";
import { personMs, type Wait } from "../rollout/gates.ts";
import type { Plan } from "../rollout/plan.ts";
import type { Store } from "../store/store.ts";
import { StoreFailure, StoreUnavailable } from "../store/store-error.ts";
import type { Acknowledger } from "./acknowledge.ts";
import { begin, end, perform, type Writing } from "./actions.ts";
import { turnOf } from "./train.ts";
import { glance } from "./glance.ts";
import { remember, type Remembered } from "./journal-state.ts";
import { observe, type EvidenceSource } from "./observe.ts";
import { askAfter, awayMs, newsMs, timer, wakeMs } from "./engine-timing.ts";
import { phaseOf, putStatus } from "./release-status.ts";

export interface EngineOptions {
  store: Store;
  acknowledger: Acknowledger;
  evidence: EvidenceSource;
  /** Unix ms. */
  now(): number;
  log: { info(fields: object, text: string): void; error(fields: object, text: string): void };
  /** How often proxies are asked while some are waited for, in ms. */
  askEveryMs?: number;
  /** Calls back after so many ms of the clock above; returns how to stop. For tests; else a timer. */
  after?(ms: number, then: () => void): () => void;
  /** The rules that it goes by. For tests that break one on purpose; else those of rollout/. */
  decide?: typeof decide;
  writing?: Writing;
  /** Clusters where only callers of an app are, with the home that they follow. Absent: there are none, as long as calls stay in their cluster. */
  reach?(plan: Pick<Plan, "app" | "lanes">): Record<string, string>;
}

function logged(act: Act): object {
  if (act.kind === "fail") return act.failure;
  return act.kind === "held" ? { cell: act.cell, evidence: act.evidence } : { cell: act.cell, step: act.step };
}

/** What a release's status said last, and when (Unix ms). `late`: there is news since, which may wait. */
interface Told {
  phase: string;
  words: string;
  at: number;
  late: boolean;
}

interface Waker {
  wake(): void;
  /** Whether what is seen of clusters has changed for a release that waits. Absent: it isn't waiting for that. */
  changed?(): boolean;
}

/**
 * Takes each accepted release to its end: reads its journal, decides (rollout/decide.ts), writes rows and journal in one
 * transaction, waits for what was seen. Everything it knows is in the store, so that it goes on after a crash where it was.
 */
export class ReleaseEngine {
  readonly #options: EngineOptions;
  readonly #startedAt: number;
  readonly #running = new Map<string, Promise<void>>();
  readonly #wakers = new Map<string, Waker>();
  /** Apps whose run ended in an error: not tried again before a new release or start. */
  readonly #broken = new Set<string>();
  /** Apps whose journal somebody else may have written to since it was read. */
  readonly #told = new Set<string>();
  #resting = false;
  #again = false;
  #stopping = false;
  #unlisten: (() => void) | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#startedAt = options.now();
  }

  /** Resumes what had not ended. */
  async start(): Promise<void> {
    this.#unlisten = this.#options.store.onSeen(() => this.#wakeSoon());
    for (const { app } of await this.#options.store.read((tx) => tx.openReleases())) this.kick(app);
  }

  /** Stops between two actions; whatever is under way goes on at the next start. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#unlisten?.();
    for (const { wake } of this.#wakers.values()) wake();
    await Promise.all(this.#running.values());
    await this.#options.acknowledger.close();
  }

  /** A release of the app was accepted, or somebody said something about one. */
  kick(app: string): void {
    if (this.#stopping) return;
    this.#told.add(app);
    if (this.#running.has(app)) this.#wakers.get(app)?.wake();
    else this.#running.set(app, this.#runAndForget(app));
  }

  /** Until nothing is under way: for tests and for a clean stop. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  /** Those whom it concerns, at once, but not more often than `wakeMs`. */
  #wakeSoon(): void {
    if (this.#resting) {
      this.#again = true;
      return;
    }
    this.#resting = true;
    (this.#options.after ?? timer)(wakeMs, () => {
      this.#resting = false;
      if (this.#again && !this.#stopping) this.#wakeSoon();
    });
    this.#again = false;
    for (const { wake, changed } of this.#wakers.values()) if (changed?.() === true) wake();
  }

  async #runAndForget(app: string): Promise<void> {
    const { store, log } = this.#options;
    let away = false;
    try {
      await this.#run(app);
    } catch (error) {
      away = error instanceof StoreUnavailable;
      if (!away && !(error instanceof StoreFailure))
        log.error({ err: error, app }, "a release stopped on an error; it goes on at the next start");
    }
    this.#running.delete(app);
    this.#wakers.delete(app);
    if (away) {
      // Every act is done or not begun: it goes on from the journal when the database is back.
      this.#broken.delete(app);
      (this.#options.after ?? timer)(awayMs, () => this.kick(app));
    }
    if (away || this.#stopping || store.failure !== undefined || this.#broken.has(app)) return;
    // Accepted between the last look and now.
    const open = await store.read((tx) => tx.openReleases(app)).catch(() => []);
    if (open.length > 0) this.kick(app);
  }

  async #run(app: string): Promise<void> {
    this.#broken.add(app);
    const unwatch: { stop?: () => void } = {};
    try {
      for (;;) {
        const open = await this.#options.store.read((tx) => tx.openReleases(app));
        const current = open[0];
        if (current === undefined || this.#stopping) break;
        await this.#finish(app, current.release, unwatch);
      }
    } finally {
      unwatch.stop?.();
    }
    this.#broken.delete(app);
  }

  /** One release, to its end or until the engine stops. */
  async #finish(app: string, release: number, watching: { stop?: () => void }): Promise<void> {
    const { store, acknowledger, evidence, now, log } = this.#options;
    let told: Told = { phase: "", words: "", at: -Infinity, late: false };
    let known: Remembered | undefined;
    let newer: number | undefined;
    let lastActAt = now();
    while (!this.#stopping) {
      // Armed before looking, so that what happens meanwhile isn't missed.
      const woken = Promise.withResolvers<void>();
      const waker: Waker = { wake: woken.resolve };
      this.#wakers.set(app, waker);
      if (this.#told.delete(app) || known?.begun === undefined) {
        const { journal, open } = await store.read(async (tx) => ({
          journal: await tx.journal(app, release),
          open: await tx.openReleases(app),
        }));
        known = remember(journal);
        newer = open.find((entry) => entry.release > release)?.release;
      }
      if (known === undefined || known.ended !== undefined) return;
      if (known.begun === undefined) {
        const { train } = known.accepted;
        const turn = train === undefined ? undefined : await store.read((tx) => turnOf(tx, train, newer));
        if (turn?.kind === "wait") {
          const wait: Wait = {
            cell: "",
            kind: "turn",
            reason: turn.reason,
            until: now() + personMs,
            // oxlint-disable-next-line unicorn/no-thenable -- what happens then: a word of the API
            then: "it is looked at again",
          };
          told = await this.#tell(app, release, known, null, [wait], told);
          await woken.promise;
          continue;
        }
        if (turn?.kind === "end") return this.#end(app, release, known, turn.outcome, turn.reason);
        const { ended } = await begin(store, app, release, known, this.#options.reach);
        if (ended !== undefined) return this.#follow(ended);
        continue;
      }
      const { begun, state } = known;
      const { plan, before } = begun;
      watching.stop ??= evidence.watch(app, plan.analysis.intervalMs);
      const observation = await observe(known.begun, known.state, newer, {
        store,
        acknowledger,
        evidence,
        now: now(),
        figuresSince: this.#startedAt,
      });
      const decision: Decision = (this.#options.decide ?? decide)(plan, before, known.state, observation, now());
      if (decision.kind === "wait") {
        const saw = glance(begun, state, store.seen());
        waker.changed = () => glance(begun, state, store.seen()) !== saw;
        told = await this.#tell(
          app,
          release,
          known,
          stageOf(plan, before, known.state)?.do ?? null,
          decision.waits,
          told,
        );
        const until = told.late ? told.at + newsMs : Infinity;
        await this.#sleep(woken.promise, decision.waits, now(), { until, waitedMs: now() - lastActAt });
        continue;
      }
      lastActAt = now();
      if (decision.kind === "end") {
        watching.stop?.();
        delete watching.stop;
        return this.#end(app, release, known, decision.outcome, decision.reason);
      }
      const concerned = await perform(store, app, release, known, decision.acts, this.#options.writing);
      for (const act of decision.acts)
        log.info({ app, release, ...logged(act) }, `release: ${actName(plan, before, known.state, act)}`);
      this.#told.add(app);
      this.#follow(concerned);
    }
  }

  async #end(app: string, release: number, known: Remembered, outcome: string, reason?: string): Promise<void> {
    this.#options.log.info({ app, release, outcome, reason }, "release ended");
    this.#follow(await this.#options.store.write((tx) => end(tx, app, release, known, outcome, reason)));
  }

  /** Others of a train may have waited for what was written, or follow from it. */
  #follow(apps: readonly string[]): void {
    for (const app of apps) this.kick(app);
  }

  /** Says in the Release's status what is waited for, when that has changed. */
  async #tell(
    app: string,
    release: number,
    { state, begun }: Remembered,
    step: string | null,
    waits: readonly Wait[],
    told: Told,
  ): Promise<Told> {
    const first = waits[0];
    const phase = phaseOf(state, begun !== undefined);
    // The hold's end moves with every look, but what is said needn't be said again.
    const words = JSON.stringify([phase, waits.map(({ cell, kind, reason, then }) => [cell, kind, reason, then])]);
    if (first === undefined || words === told.words) return { ...told, late: false };
    const said: Told = { phase, words, at: this.#options.now(), late: false };
    // With many releases under way, to write down each pod and proxy that comes would be most of the work.
    if (phase === told.phase && said.at < told.at + newsMs) return { ...told, late: true };
    const { failure } = state;
    await this.#options.store.write(async (tx) =>
      putStatus(tx, app, release, {
        phase,
        step,
        reason: failure === undefined ? first.reason : `going back (${failure.reason}): ${first.reason}`,
        ...(failure !== undefined && { code: failure.code }),
        deadline: first.until,
        // oxlint-disable-next-line unicorn/no-thenable -- what happens then: a word of the API
        then: first.then,
        waits,
      }),
    );
    return said;
  }

  /** Until somebody wakes it, a wait is over, or `until` (Unix ms). `waitedMs`: for how long nothing could be done. */
  async #sleep(
    woken: Promise<void>,
    waits: readonly Wait[],
    now: number,
    { until: latest, waitedMs }: { until: number; waitedMs: number },
  ): Promise<void> {
    const until = Math.min(latest, ...waits.map((wait) => wait.until));
    const asking = waits.some(({ kind }) => kind === "proxies")
      ? askAfter(waitedMs, this.#options.askEveryMs)
      : Infinity;
    const elapsed = Promise.withResolvers<void>();
    const clear = (this.#options.after ?? timer)(Math.min(Math.max(until - now, 1), asking, 60_000), elapsed.resolve);
    await Promise.race([woken, elapsed.promise]);
    clear();
  }
}
