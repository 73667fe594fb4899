import { createHash } from "node:crypto";
import { remember, type Remembered } from "../../src/release/journal-state.ts";
import { decide, type Decision } from "../../src/rollout/decide.ts";
import { nothingInForce } from "../../src/store/in-force.ts";
import type { JournalEntry } from "../../src/store/store.ts";
import { SimAcknowledger, type Told } from "./acknowledger.ts";
import { checkRest } from "./at-rest.ts";
import { VirtualClock } from "./clock.ts";
import { SimCluster } from "./cluster.ts";
import type { PodSet } from "./pods.ts";
import { simEvidence } from "./evidence.ts";
import { inflict, heal, type World } from "./faults.ts";
import { GroundTruth } from "./ground-truth.ts";
import type { Event, Fault, History, Operation } from "./events.ts";
import { Disk, type Commit } from "./disk.ts";
import { Messages } from "./messages.ts";
import { declareWorld, operate } from "./operations.ts";
import { checkOutcome, checkReplay } from "./outcomes.ts";
import type { Proxy } from "./proxy.ts";
import { Random } from "./random.ts";
import { checkRows } from "./row-invariants.ts";
import { Server, type ServerOptions } from "./server.ts";
import { Violation } from "./violation.ts";

/** Rules that a test breaks on purpose. */
export interface Broken {
  engine?: Partial<ServerOptions["engine"]>;
  told?: Told;
  committed?(commit: Commit): Commit;
}

export interface Outcome {
  violation?: Violation;
  /** sha256 of everything in the journal, in the order of its transactions, with its times. */
  hash: string;
  entries: JournalEntry[];
  releases: number;
  /** How often releases ended how, operations were refused, faults came. */
  outcomes: Record<string, number>;
  faults: Record<string, number>;
  restarts: number;
  steps: number;
  /** Virtual ms. */
  took: number;
}

const begin = Date.UTC(2030, 0, 1);
/** After the last event the world gets well; what is under way then must end within this time. */
const healMs = 60_000;
const boundMs = 4 * 3_600_000;
const isFault = (event: Event): event is Event & Fault => "fault" in event;
/** All promises that can go on have gone on: Node empties the queue of microtasks before it goes on with its ticks. Nothing here waits for I/O. */
const settled = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

/** One history on a new world, to its end or the first violation. The same history gives the same run. */
export async function simulate(history: History, broken: Broken = {}): Promise<Outcome> {
  return new Simulation(history, broken).run();
}

class Simulation {
  readonly #history: History;
  readonly #clock = new VirtualClock(begin);
  readonly #disk = new Disk();
  readonly #clusters = new Map<string, SimCluster>();
  readonly #server: Server;
  readonly #truth: GroundTruth;
  readonly #world: World;
  readonly #broken: Broken;
  readonly #hash = createHash("sha256");
  readonly #faults = new Set<Fault["fault"]>();
  readonly #goingBack = new Set<string>();
  readonly #last = new Map<string, Remembered>();
  readonly #outcome: Outcome = {
    hash: "",
    entries: [],
    releases: 0,
    outcomes: {},
    faults: {},
    restarts: 0,
    steps: 0,
    took: 0,
  };
  /** Proxies that changed since the truth was looked at, or everything. */
  readonly #dirty = new Set<Proxy>();
  #all = false;
  #violation: Violation | undefined;

  constructor(history: History, broken: Broken) {
    this.#history = history;
    this.#broken = broken;
    const random = new Random(history.seed ^ 0x5eed);
    const clock = this.#clock;
    const messages = new Messages(clock, random);
    const inForce = () => this.#disk.inForce;
    this.#truth = new GroundTruth(this.#clusters, clock.now, inForce);
    for (const name of history.clusters)
      this.#clusters.set(
        name,
        new SimCluster(name, Object.values(history.reach), nothingInForce, clock, random, {
          report: (seen) => messages.send(() => this.#hear(seen)),
          removed: (cluster: SimCluster, pods: PodSet) => this.#truth.removed(cluster, pods),
          changed: (proxy) => {
            if (proxy === undefined) this.#all = true;
            else this.#dirty.add(proxy);
          },
        }),
      );
    const quiet = new Set<string>();
    this.#server = new Server({
      disk: this.#disk,
      clock,
      acknowledger: new SimAcknowledger(this.#clusters, clock, messages, inForce, broken.told),
      evidence: simEvidence(this.#clusters, quiet, inForce),
      committed: (commit) => this.#committed(commit),
      failed: (violation) => {
        this.#violation ??= violation;
      },
      engine: {
        reach: ({ lanes }) =>
          Object.fromEntries(
            Object.entries(history.reach).filter(([cluster, lead]) => !(cluster in lanes) && lead in lanes),
          ),
        ...broken.engine,
        decide: (...given) => this.#decided(given, (broken.engine?.decide ?? decide)(...given)),
      },
    });
    this.#world = { clock, clusters: this.#clusters, server: this.#server, messages, quiet };
  }

  async run(): Promise<Outcome> {
    try {
      await this.#live();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.#violation ??= error;
    }
    const outcome = this.#outcome;
    outcome.hash = this.#hash.digest("hex");
    outcome.restarts = this.#server.restarts;
    outcome.took = this.#clock.now() - begin;
    if (this.#violation !== undefined) outcome.violation = this.#violation;
    return outcome;
  }

  async #live(): Promise<void> {
    const { events, clusters } = this.#history;
    this.#server.start();
    await declareWorld(this.#server, clusters);
    for (const event of events)
      this.#clock.after(event.at, () => (isFault(event) ? this.#inflict(event) : this.#operate(event)));
    this.#heartbeat();
    const end = begin + Math.max(0, ...events.map(({ at }) => at)) + healMs;
    await this.#pass(end);
    heal(this.#world);
    for (let at = end; this.#open().length > 0; at += 30_000) {
      if (at > end + boundMs)
        throw new Violation(
          "ends",
          `${JSON.stringify(this.#open())} hasn't ended ${boundMs / 60_000} min after the world got well`,
        );
      for (const { app } of this.#open())
        for (const kind of ["resume", "promote"] as const) void this.#try({ do: kind, app });
      await settled();
      await this.#pass(at + 30_000);
    }
    await this.#pass(this.#clock.now() + 60_000);
    checkRest(this.#disk.inForce, this.#last);
  }

  #open(): { app: string; release: number }[] {
    return [...this.#disk.open].flatMap(([app, releases]) => [...releases].map((release) => ({ app, release })));
  }

  async #pass(until: number): Promise<void> {
    for (let step = this.#clock.step(until); step !== undefined; step = this.#clock.step(until)) {
      this.#outcome.steps++;
      if (step === "done") await settled();
      if (this.#violation !== undefined) throw this.#violation;
      if (this.#all || this.#dirty.size > 0) this.#truth.look(this.#all ? undefined : this.#dirty);
      this.#all = false;
      this.#dirty.clear();
    }
  }

  #heartbeat(): void {
    for (const cluster of this.#clusters.values()) cluster.report();
    this.#clock.after(30_000, () => this.#heartbeat());
  }

  #hear(seen: ReturnType<SimCluster["seen"]>): void {
    if (!this.#server.alive) return;
    const cluster = this.#clusters.get(seen.cluster)!;
    for (const [app, revisions] of Object.entries(seen.ready))
      for (const [revision, { ready }] of Object.entries(revisions)) {
        const pods = cluster.pods.get(`${app}/${revision}`);
        if (pods !== undefined && ready > 0) pods.toldReady = true;
      }
    void this.#server.store.putSeen(seen);
  }

  #inflict(fault: Fault): void {
    this.#faults.add(fault.fault);
    count(this.#outcome.faults, fault.fault);
    inflict(this.#world, fault);
    this.#all = true;
  }

  #operate(operation: Operation): void {
    if (!this.#server.alive) {
      this.#clock.after(1000, () => this.#operate(operation));
      return;
    }
    const { restarts } = this.#server;
    let answered = false;
    void this.#try(operation).then(() => {
      answered = true;
    });
    // Whoever gets no answer asks again.
    this.#clock.after(5000, () => {
      if (!answered && this.#server.restarts > restarts) this.#operate(operation);
    });
  }

  async #try(operation: Operation): Promise<void> {
    if (!this.#server.alive) return;
    try {
      const answer = await operate(this.#server, operation);
      if (answer === "refused") count(this.#outcome.outcomes, `refused: ${operation.do}`);
    } catch (error) {
      this.#violation ??=
        error instanceof Violation ? error : new Violation("error", (error as Error).stack ?? String(error));
    }
  }

  #committed(given: Commit): void {
    const commit = this.#broken.committed?.(given) ?? given;
    for (const entry of commit.entries) {
      this.#hash.update(JSON.stringify(entry));
      this.#outcome.entries.push(entry);
      if (entry.action === "fail") this.#goingBack.add(entry.app);
    }
    checkRows(commit, this.#disk.seen, this.#goingBack);
    for (const entry of commit.entries) if (entry.action === "end" && entry.release > 0) this.#ended(entry);
    if (commit.rows.length > 0) for (const cluster of this.#clusters.values()) cluster.want(commit.after);
  }

  #ended({ app, release }: JournalEntry): void {
    this.#goingBack.delete(app);
    const entries = this.#disk.journal.get(`${app}/${release}`)!;
    const newest = this.#disk.last.get(app) ?? 0;
    this.#outcome.releases++;
    this.#last.set(app, remember(entries)!);
    count(this.#outcome.outcomes, checkOutcome(entries, this.#faults, this.#disk.inForce, newest));
    checkReplay(entries, this.#disk.inForce);
  }

  #decided([, , , , now]: Parameters<typeof decide>, decision: Decision): Decision {
    if (decision.kind !== "wait") return decision;
    if (decision.waits.length === 0) this.#violation ??= new Violation("wait tells all", "it waits for nothing");
    for (const { reason, until, then, cell } of decision.waits)
      if (reason === "" || then === "" || !(until > now) || until > now + 8 * 24 * 3_600_000)
        this.#violation ??= new Violation(
          "wait tells all",
          `${cell}: ${JSON.stringify({ reason, until: until - now, then })}`,
        );
    return decision;
  }
}

function count(counts: Record<string, number>, what: string): void {
  counts[what] = (counts[what] ?? 0) + 1;
}
