import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";

/** `quipu agent` as a process of its own. */
export class AgentProcess {
  readonly #child: ChildProcess;
  output = "";

  constructor(words: readonly string[]) {
    const entry = resolve(import.meta.dirname, "../../src/process/quipu.ts");
    this.#child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", entry, "agent", ...words], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1", QUIPU_LOG: "debug" },
    });
    const collect = (chunk: Buffer) => {
      this.output += chunk.toString();
    };
    this.#child.stdout?.on("data", collect);
    this.#child.stderr?.on("data", collect);
  }

  /** Null while it runs. */
  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  async end(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill(signal);
    await ended;
  }
}
