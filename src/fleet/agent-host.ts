/** The server's side of a cluster whose worker is an agent there: says what is wanted, keeps its ledger, hears its reports. */
import type { ClusterIdentity, Seen } from "../model/rows.ts";
import {
  aliveMs,
  reportOf,
  seenOf,
  sentPauses,
  versionOf,
  mostAtOnce,
  type AgentMessage,
  type AgentReport,
} from "./agent-protocol.ts";
import type { Claimed } from "./cluster-claims.ts";
import type { DesiredObject, DesiredSource, ObjectKey } from "./desired.ts";
import type { Healing } from "./healing.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";

/** Who asks isn't the agent that dialled in last. */
export class AgentReplaced extends Error {
  override readonly name = "AgentReplaced";
}

export interface AgentHostOptions {
  cluster: string;
  desired: DesiredSource;
  ledger: Ledger;
  claim: (uid: string) => Promise<Claimed>;
  mayBeEmpty: () => boolean;
  healing: Healing;
  report: (seen: Seen) => Promise<void>;
  /** What was reported last, by any agent of the cluster. */
  last: () => Seen | undefined;
  /** Its agent dialled in, or went. */
  connected: (connected: boolean) => void;
  /** Unix ms. */
  now: () => number;
}

export class AgentHost {
  readonly #options: AgentHostOptions;
  #agent: string | undefined;
  #identity: ClusterIdentity | undefined;
  #streams = 0;
  #wake = new AbortController();
  #closed = false;

  constructor(options: AgentHostOptions) {
    this.#options = options;
  }

  /** Revision that is wanted. */
  get wanted(): number {
    return this.#options.desired.revision;
  }

  /** Until the signal, or another agent dials in. */
  async *messages(agent: string, signal: AbortSignal): AsyncGenerator<AgentMessage> {
    const { desired, connected, mayBeEmpty, healing, now } = this.#options;
    this.#agent = agent;
    this.#wakeAll();
    const pending = new Pending();
    const stopListening = desired.listen((change) => {
      pending.add(change);
      this.#wakeAll();
    });
    let pausesChanged = false;
    const stopFollowing = healing.listen(() => {
      pausesChanged = true;
      this.#wakeAll();
    });
    const pauses = (): AgentMessage => ({ type: "healing", pauses: sentPauses(healing.pauses, now()) });
    if (++this.#streams === 1) connected(true);
    try {
      const { revision } = desired;
      // At once, before anything is awaited: it is one revision.
      const index = [...desired.objects()].map((each): [ObjectKey, string] => [each.key, versionOf(each)]);
      yield { type: "begin", revision, mayBeEmpty: mayBeEmpty() };
      yield pauses();
      for (let at = 0; at < index.length; at += mostAtOnce)
        yield { type: "have", entries: index.slice(at, at + mostAtOnce) };
      yield { type: "complete" };
      while (!signal.aborted && !this.#closed) {
        if (this.#agent !== agent) {
          if (this.#agent !== undefined) yield { type: "replaced" };
          return;
        }
        if (pausesChanged) {
          pausesChanged = false;
          yield pauses();
        }
        const change = pending.take();
        yield change ?? { type: "alive" };
        if (pending.empty && !pausesChanged && this.#agent === agent)
          await wakened(AbortSignal.any([signal, this.#wake.signal]), aliveMs);
      }
    } finally {
      stopListening();
      stopFollowing();
      if (--this.#streams === 0) connected(false);
    }
  }

  /** Those of the keys that are wanted now. */
  objects(agent: string, keys: readonly ObjectKey[]): DesiredObject[] {
    this.#mind(agent);
    return keys.flatMap((key) => this.#options.desired.get(key) ?? []);
  }

  /** With what stands of the cluster until the agent knows better. */
  async claim(agent: string, uid: string): Promise<Claimed & { last?: AgentReport }> {
    this.#mind(agent);
    const { claim, last, now } = this.#options;
    const claimed = await claim(uid);
    this.#identity = claimed.identity;
    const seen = last();
    return seen === undefined ? claimed : { ...claimed, last: reportOf(seen, now()) };
  }

  async report(agent: string, report: AgentReport): Promise<void> {
    this.#mind(agent);
    const { cluster, now, last: latest } = this.#options;
    const last = latest();
    const identity = this.#identity ?? last?.identity;
    await this.#options.report({
      ...seenOf(cluster, report, now(), last),
      ...(identity !== undefined && { identity }),
    });
  }

  ledger(agent: string): Promise<LedgerEntry[]> {
    this.#mind(agent);
    return this.#options.ledger.read(this.#options.cluster);
  }
  put(agent: string, entries: readonly LedgerEntry[]): Promise<void> {
    this.#mind(agent);
    return this.#options.ledger.put(this.#options.cluster, entries);
  }
  remove(agent: string, keys: readonly ObjectKey[]): Promise<void> {
    this.#mind(agent);
    return this.#options.ledger.remove(this.#options.cluster, keys);
  }

  /** Whoever is connected must dial in again: its token is worth nothing any more. */
  dismiss(): void {
    this.#agent = undefined;
    this.#wakeAll();
  }

  close(): void {
    this.#closed = true;
    this.#wakeAll();
  }

  #mind(agent: string): void {
    if (this.#agent !== agent)
      throw new AgentReplaced(
        this.#agent === undefined
          ? "the server knows of no agent: dial in first"
          : "another agent of the cluster has dialled in since",
      );
  }
  #wakeAll(): void {
    this.#wake.abort();
    this.#wake = new AbortController();
  }
}

/** What has changed since it was last told: the latest, however long that is ago. */
class Pending {
  #revision = 0;
  #keys = new Set<ObjectKey>();
  /** Undefined: perhaps any. */
  #apps: Set<string> | undefined = new Set();

  add({ revision, keys, apps }: Parameters<Parameters<DesiredSource["listen"]>[0]>[0]): void {
    this.#revision = revision;
    for (const key of keys) this.#keys.add(key);
    if (apps === undefined) this.#apps = undefined;
    else for (const app of apps) this.#apps?.add(app);
  }

  get empty(): boolean {
    return this.#revision === 0;
  }

  take(): AgentMessage | undefined {
    if (this.empty) return undefined;
    const apps = this.#apps;
    const change: AgentMessage = {
      type: "changed",
      revision: this.#revision,
      keys: [...this.#keys],
      ...(apps !== undefined && { apps: [...apps] }),
    };
    this.#revision = 0;
    this.#keys = new Set();
    this.#apps = new Set();
    return change;
  }
}

function wakened(signal: AbortSignal, ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
