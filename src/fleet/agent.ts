/** The worker of one cluster, run there: what is wanted and the ledger come from the server, what is seen goes back. */
import { backOffMs, type BackOff } from "../kube/back-off.ts";
import { systemClock, type Clock } from "../kube/clock.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import type { Seen } from "../model/rows.ts";
import { AgentServerError, type AgentClient } from "./agent-client.ts";
import { reportOf, seenOf } from "./agent-protocol.ts";
import { clusterUid } from "./cluster-claims.ts";
import { ClusterWorker } from "./cluster-worker.ts";
import { RemoteDesired } from "./remote-desired.ts";
import type { WorkerEvent } from "./worker-event.ts";

export interface ClusterAgentOptions {
  cluster: string;
  server: AgentClient;
  kube: KubeClient;
  event?: (event: WorkerEvent) => void;
  /** The server: `undefined` when it is there, else why it isn't. Told when that changes. */
  contact?: (problem: string | undefined) => void;
  clock?: Clock;
  random?: () => number;
  backOff?: BackOff;
}

/** Another agent of the cluster has dialled in: this one has stopped for good. */
export class ReplacedByAnother extends Error {
  override readonly name = "ReplacedByAnother";
  constructor() {
    super(
      "another agent of this cluster has dialled in: a cluster has one. Scale its Deployment to 1, and look for a second one",
    );
  }
}

/** The server knows us, or the cluster, no more. */
const turnedAway: ReadonlySet<string> = new Set(["unauthenticated", "forbidden", "not-found"]);

export class ClusterAgent {
  readonly #options: ClusterAgentOptions;
  readonly #clock: Clock;
  readonly #remote: RemoteDesired;
  #worker: ClusterWorker | undefined;
  #latest: Seen | undefined;
  #reporting: Promise<void> | undefined;
  /** Why the server isn't there; null: nothing was told yet. */
  #problem: string | undefined | null = null;

  constructor(options: ClusterAgentOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#remote = new RemoteDesired(
      (keys) => options.server.objects(keys),
      () => this.#clock.now(),
    );
  }

  /**
   * Until the signal. Without its server the worker goes on with what it knows; turned away by it, it does nothing more
   * until it is let in, for then another one may be at work. Throws `ReplacedByAnother`.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { random = Math.random, backOff = { baseMs: 500, maxMs: 15_000 } } = this.#options;
    try {
      for (let failures = 0; !signal.aborted;) {
        try {
          await this.#follow(signal, () => {
            failures = 0;
          });
        } catch (error) {
          if (!(error instanceof AgentServerError)) throw error;
          if (!signal.aborted) this.#contact(error.message);
          if (turnedAway.has(error.code)) await this.#rest();
        }
        await this.#clock.sleep(backOffMs(backOff, ++failures, random), signal);
      }
    } finally {
      await this.#rest();
    }
  }

  /** One stream to its end. */
  async #follow(signal: AbortSignal, good: () => void): Promise<void> {
    for await (const message of this.#options.server.messages(signal)) {
      if (message.type === "replaced") throw new ReplacedByAnother();
      await this.#remote.take(message);
      if (message.type !== "complete") continue;
      good();
      this.#contact(undefined);
      this.#start();
    }
  }

  #start(): void {
    if (this.#worker !== undefined) return;
    const { cluster, kube, server, event } = this.#options;
    this.#worker = new ClusterWorker({
      cluster,
      kube,
      desired: this.#remote.source,
      ledger: server.ledger(),
      identify: async () => {
        const { last, ...claimed } = await server.claim(await clusterUid(kube));
        return { ...claimed, ...(last !== undefined && { last: seenOf(cluster, last, this.#clock.now()) }) };
      },
      mayBeEmpty: () => this.#remote.mayBeEmpty,
      healing: this.#remote.healing,
      report: (seen) => this.#report(seen),
      ...(event && { event }),
    });
    this.#worker.start();
  }

  async #rest(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.stop();
    await this.#reporting;
  }

  /** Only the latest counts: while one is on its way, others replace each other. */
  #report(seen: Seen): void {
    this.#latest = seen;
    this.#reporting ??= (async () => {
      try {
        while (this.#latest !== undefined) {
          const report = reportOf(this.#latest, this.#clock.now());
          this.#latest = undefined;
          await this.#options.server.report(report);
        }
      } catch {
        // The next one comes within seconds; of contact the stream tells.
      } finally {
        this.#reporting = undefined;
      }
    })();
  }

  #contact(problem: string | undefined): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#options.contact?.(problem);
  }
}
