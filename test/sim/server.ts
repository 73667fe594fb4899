import { ReleaseEngine, type EngineOptions } from "../../src/release/engine.ts";
import type { Acknowledger } from "../../src/release/acknowledge.ts";
import type { EvidenceSource } from "../../src/release/observe.ts";
import type { VirtualClock } from "./clock.ts";
import type { Commit, Disk } from "./disk.ts";
import { MemoryStore } from "./memory-store.ts";
import { Violation } from "./violation.ts";

export interface ServerOptions {
  disk: Disk;
  clock: VirtualClock;
  acknowledger: Acknowledger;
  evidence: EvidenceSource;
  committed(commit: Commit): void;
  failed(violation: Violation): void;
  engine: Pick<EngineOptions, "decide" | "writing" | "reach">;
}

/** The server's process: an engine on a store. When it dies nothing of it goes on; what begins anew knows only what was committed. */
export class Server {
  store!: MemoryStore;
  engine!: ReleaseEngine;
  alive = false;
  restarts = -1;
  /** Commits until it dies, and when exactly. */
  #doom: { writes: number; when: "before" | "after"; downMs: number } | undefined;
  readonly #options: ServerOptions;

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  start(): void {
    const { disk, clock, acknowledger, evidence, committed, failed, engine } = this.#options;
    this.restarts++;
    this.alive = true;
    let downMs = 0;
    this.store = new MemoryStore(disk, {
      now: clock.now,
      committed,
      fate: () => {
        if (this.#doom === undefined || --this.#doom.writes > 0) return undefined;
        const { when } = this.#doom;
        downMs = this.#doom.downMs;
        this.#doom = undefined;
        return when;
      },
      died: () => {
        this.alive = false;
        clock.after(downMs, () => this.start());
      },
    });
    this.engine = new ReleaseEngine({
      store: this.store,
      acknowledger,
      evidence,
      now: clock.now,
      after: clock.after,
      askEveryMs: 400,
      log: {
        info: () => undefined,
        error: (fields) => {
          const { err } = fields as { err?: unknown };
          failed(
            err instanceof Violation
              ? err
              : new Violation("error", err instanceof Error ? (err.stack ?? err.message) : String(err)),
          );
        },
      },
      ...engine,
    });
    void this.engine.start();
  }

  doom(writes: number, when: "before" | "after", downMs: number): void {
    this.#doom = { writes, when, downMs };
  }

  spare(): void {
    this.#doom = undefined;
  }
}
