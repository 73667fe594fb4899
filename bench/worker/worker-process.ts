import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Edit } from "./rows.ts";
import type { Order, Start, Usage } from "./server.ts";

/** server.ts, started, asked and ended. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly startedAt = performance.now();
  readonly #ended: Promise<never>;

  constructor(folder: string, start: Start) {
    const file = join(folder, "start.json");
    writeFileSync(file, JSON.stringify(start), { mode: 0o600 });
    this.#child = fork(join(import.meta.dirname, "server.ts"), [file], {
      execArgv: [...(start.heap === true ? ["--expose-gc"] : []), ...(process.env["BENCH_NODE"]?.split(" ") ?? [])],
    });
    this.#ended = once(this.#child, "exit").then(([code]) => {
      throw new Error(`the worker's process ended with ${code as number}`);
    });
    // Nobody need be waiting for it.
    this.#ended.catch(() => undefined);
  }

  async ready(): Promise<void> {
    await Promise.race([once(this.#child, "message"), this.#ended]);
  }

  usage(): Promise<Usage> {
    return this.#ask({ do: "usage" });
  }
  /** Resolves when all that is in force is applied, and everything has been seen since the process started. */
  settled(): Promise<Usage> {
    return this.#ask({ do: "settled" });
  }
  /** One transaction. */
  write(edit: Edit): Promise<Usage> {
    return this.#ask({ do: "write", ...edit });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.disconnect();
    await ended;
  }

  async #ask(order: Order): Promise<Usage> {
    const answer = once(this.#child, "message") as Promise<[Usage]>;
    this.#child.send(order);
    const [usage] = await Promise.race([answer, this.#ended]);
    return usage;
  }
}
