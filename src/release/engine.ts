import { decide, type Decision, type FailureCode, type Observation, type ReleaseState } from "../rollout/decide.ts";
import { isEmpty, stepRows, beforeOf } from "../rollout/step-rows.ts";
import type { Store, WriteTx } from "../store/store.ts";
import { StoreFailure } from "../store/store-error.ts";
import { resolveApp, withdrawalOf } from "./resolve-app.ts";
import type { Acknowledger, Acknowledgement } from "./acknowledge.ts";
import { remember, type Remembered } from "./journal-state.ts";
import { putStatus } from "./release-status.ts";
import { worldFor } from "./world.ts";
import { rowsFor, writeRows } from "./write-rows.ts";

export interface EngineOptions {
  store: Store;
  acknowledger: Acknowledger;
  /** Unix ms. */
  now(): number;
  log: { info(fields: object, text: string): void; error(fields: object, text: string): void };
  /** How often proxies are asked while one is waited for, in ms. */
  askEveryMs?: number;
  /** Calls back after so many ms of the clock above; returns how to stop. For tests; else a timer. */
  after?(ms: number, then: () => void): () => void;
}

function timer(ms: number, then: () => void): () => void {
  const handle = setTimeout(then, ms);
  return () => clearTimeout(handle);
}

/**
 * Takes each accepted release to its end: reads its journal, decides (rollout/decide.ts), writes rows and journal in one
 * transaction, waits for what was seen. Everything it knows is in the store, so that it goes on after a crash where it was.
 */
export class ReleaseEngine {
  readonly #options: EngineOptions;
  readonly #running = new Map<string, Promise<void>>();
  readonly #wakers = new Map<string, () => void>();
  readonly #aborts = new Map<string, string>();
  /** Apps whose run ended in an error: not tried again before a new release or start. */
  readonly #broken = new Set<string>();
  #stopping = false;
  #unlisten: (() => void) | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** Resumes what had not ended. */
  async start(): Promise<void> {
    this.#unlisten = this.#options.store.onSeen(() => {
      for (const wake of this.#wakers.values()) wake();
    });
    for (const { app } of await this.#options.store.read((tx) => tx.openReleases())) this.kick(app);
  }

  /** Stops between two actions; whatever is under way goes on at the next start. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#unlisten?.();
    for (const wake of this.#wakers.values()) wake();
    await Promise.all(this.#running.values());
    await this.#options.acknowledger.close();
  }

  /** A release of the app was accepted. */
  kick(app: string): void {
    if (this.#stopping) return;
    if (this.#running.has(app)) this.#wakers.get(app)?.();
    else {
      const run = this.#run(app)
        .catch((error: unknown) => {
          if (!(error instanceof StoreFailure))
            this.#options.log.error({ err: error, app }, "a release stopped on an error; it goes on at the next start");
        })
        .then(async () => {
          this.#running.delete(app);
          this.#wakers.delete(app);
          // Accepted between the last look and now.
          if (
            !this.#stopping &&
            this.#options.store.failure === undefined &&
            (await this.#options.store.read((tx) => tx.openReleases(app)).catch(() => [])).length > 0 &&
            !this.#broken.has(app)
          )
            this.kick(app);
        });
      this.#running.set(app, run);
    }
  }
  /** Gives up a release that carries nothing yet. */
  abort(app: string, release: number, reason: string): void {
    this.#aborts.set(`${app}/${release}`, reason);
    this.#wakers.get(app)?.();
  }

  /** Until nothing is under way: for tests and for a clean stop. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  async #run(app: string): Promise<void> {
    this.#broken.add(app);
    for (;;) {
      const open = await this.#options.store.read((tx) => tx.openReleases(app));
      const current = open[0];
      if (current === undefined || this.#stopping) break;
      await this.#finish(app, current.release);
    }
    this.#broken.delete(app);
  }

  /** One release, to its end or until the engine stops. */
  async #finish(app: string, release: number): Promise<void> {
    const { store, now, log } = this.#options;
    let told = "";
    let known: Remembered | undefined;
    while (!this.#stopping) {
      // Armed before looking, so that what happens meanwhile isn't missed.
      const woken = Promise.withResolvers<void>();
      this.#wakers.set(app, woken.resolve);
      const open = await store.read(async (tx) => {
        known ??= remember(await tx.journal(app, release));
        return tx.openReleases(app);
      });
      if (known === undefined || known.ended) return;
      if (known.begun === undefined) {
        if (!(await this.#begin(app, release, known))) return;
        known = undefined;
        continue;
      }
      const { plan } = known.begun;
      const observation: Observation = {
        seen: store.seen(),
        acknowledged: await this.#acknowledged(app, Object.keys(plan.lanes), known.state),
      };
      const newer = open.find((entry) => entry.release > release)?.release;
      if (newer !== undefined) observation.newer = newer;
      const abort = this.#aborts.get(`${app}/${release}`);
      if (abort !== undefined) observation.abort = abort;
      const decision = decide(plan, known.state, observation, now());
      if (decision.kind === "wait") {
        if (decision.reason !== told) {
          told = decision.reason;
          const { failure, step } = known.state;
          await store.write((tx) =>
            putStatus(tx, app, release, {
              phase: failure === undefined ? "progressing" : "going back",
              step,
              reason: decision.reason,
              deadline: decision.until,
              then: decision.then,
            }),
          );
        }
        await this.#sleep(woken.promise, decision, now());
        continue;
      }
      if (decision.kind === "end") {
        log.info({ app, release, outcome: decision.outcome, reason: decision.reason }, "release ended");
        const { failure, unproven } = known.state;
        await store.write((tx) =>
          this.#end(tx, app, release, decision.outcome, failure?.code, decision.reason, unproven),
        );
        this.#aborts.delete(`${app}/${release}`);
        return;
      }
      await this.#step(app, release, known, decision, observation.acknowledged);
      known = undefined;
    }
  }

  /** Resolves the release against what is in force now and writes its plan down. False: it can't begin and has ended. */
  async #begin(app: string, release: number, { accepted }: Remembered): Promise<boolean> {
    return this.#options.store.write(async (tx) => {
      if (accepted.app === null) {
        const plan = withdrawalOf(app, release, tx.inForce);
        await tx.appendJournal(app, release, "begin", { plan, before: beforeOf(plan, rowsFor(app, tx.inForce)) });
        return true;
      }
      const { plan, problems, snapshots } = resolveApp(
        accepted.app,
        accepted.image ?? undefined,
        await worldFor(tx, accepted.app),
        tx.inForce,
        release,
      );
      if (problems[0] !== undefined) {
        await this.#end(tx, app, release, "failed", undefined, problems[0].message);
        return false;
      }
      for (const snapshot of snapshots) await tx.putSnapshot(snapshot);
      await tx.appendJournal(app, release, "begin", { plan, before: beforeOf(plan, rowsFor(app, tx.inForce)) });
      await putStatus(tx, app, release, { phase: "progressing", step: null, revision: plan.revision });
      return true;
    });
  }

  /** The rows of a step, and the record that it is done, in one transaction: after a crash it is either done or not begun. */
  async #step(
    app: string,
    release: number,
    { begun, state }: Remembered,
    decision: Extract<Decision, { kind: "write" }>,
    receipts: Observation["acknowledged"],
  ): Promise<void> {
    const { plan, before } = begun!;
    await this.#options.store.write(async (tx) => {
      const writes = stepRows(decision.step, plan, before, rowsFor(app, tx.inForce));
      const wrote = !isEmpty(writes);
      const failure = decision.failure ?? state.failure;
      const unproven = [...(state.unproven ?? []), ...(decision.unproven === undefined ? [] : [decision.unproven])];
      const next: ReleaseState = {
        step: decision.step,
        wrote,
        at: tx.now,
        revision: wrote ? tx.next : state.revision,
        ...(failure !== undefined && { failure }),
        ...(unproven.length > 0 && { unproven }),
      };
      await tx.appendJournal(app, release, "step", {
        state: next,
        ...(receipts.size > 0 && {
          receipts: Object.fromEntries([...receipts].map(([cluster, { evidence }]) => [cluster, evidence])),
        }),
      });
      await writeRows(tx, app, writes);
      await putStatus(tx, app, release, {
        phase: failure === undefined ? "progressing" : "going back",
        step: decision.step,
        ...(failure !== undefined && { reason: failure.reason, code: failure.code }),
      });
    });
    this.#options.log.info({ app, release, step: decision.step }, "release step");
  }

  async #end(
    tx: WriteTx,
    app: string,
    release: number,
    outcome: string,
    code: FailureCode | undefined,
    reason: string | undefined,
    unproven: readonly string[] = [],
  ): Promise<void> {
    await tx.appendJournal(app, release, "end", { outcome, ...(reason !== undefined && { reason }) });
    await putStatus(tx, app, release, {
      phase: outcome,
      step: null,
      finishedAt: tx.now,
      ...(reason !== undefined && { reason }),
      ...(code !== undefined && { code }),
      ...(unproven.length > 0 && { unproven }),
    });
  }

  async #acknowledged(
    app: string,
    clusters: readonly string[],
    state: ReleaseState,
  ): Promise<Map<string, Acknowledgement>> {
    const answers = new Map<string, Acknowledgement>();
    // Only rows that this release wrote are waited for, and only where they have been applied.
    if (!state.wrote || state.failure !== undefined) return answers;
    await Promise.all(
      clusters.map(async (cluster) => {
        if ((this.#options.store.seen().get(cluster)?.applied ?? 0) < state.revision) return;
        const answer = await this.#options.acknowledger.ask(cluster, app, state.revision);
        if (answer !== undefined) answers.set(cluster, answer);
      }),
    );
    return answers;
  }

  async #sleep(woken: Promise<void>, { until, then }: Extract<Decision, { kind: "wait" }>, now: number): Promise<void> {
    const asking = then.includes("unproven") ? (this.#options.askEveryMs ?? 50) : Infinity;
    const elapsed = Promise.withResolvers<void>();
    const clear = (this.#options.after ?? timer)(Math.min(Math.max(until - now, 1), asking, 60_000), elapsed.resolve);
    await Promise.race([woken, elapsed.promise]);
    clear();
  }
}
