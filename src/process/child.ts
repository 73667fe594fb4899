import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { failuresAfter, restartDelay } from "./back-off.ts";
import { readStat } from "../cluster/runtime/process-scan.ts";
import { noRestartExitCode } from "./exit-codes.ts";
import { isAlive, roleOf, send } from "./proc.ts";

export interface ChildSpec {
  role: string;
  /** Program and arguments. */
  command: string[];
  env: NodeJS.ProcessEnv;
  log: string;
  /** It ends by itself, with 0, when its work is done: then it isn't started again. */
  once?: boolean;
}

/**
 * One process kept running: started, or adopted when it runs already (after a crash of the supervisor), and
 * started again when it ends. It is detached, so that it outlives the supervisor.
 */
export class Child {
  readonly spec: ChildSpec;
  pid: number | undefined;
  /** It said that starting it again won't help. */
  gaveUp = false;
  #startTime = 0;
  #since = 0;
  #failures = 0;
  #wanted = true;
  #timer: NodeJS.Timeout | undefined;
  readonly #say: (text: string) => void;

  constructor(spec: ChildSpec, say: (text: string) => void) {
    this.spec = spec;
    this.#say = say;
  }

  adopt(pid: number, startTime: number): void {
    clearTimeout(this.#timer);
    this.pid = pid;
    this.#startTime = startTime;
    this.#since = Date.now();
    this.#poll();
  }

  start(): void {
    if (!this.#wanted) return;
    try {
      this.#spawn();
    } catch (error) {
      // A full disk or too many open files may pass.
      this.#ended(`can't be started: ${(error as Error).message}`);
    }
  }

  #spawn(): void {
    rotate(this.spec.log);
    const log = openSync(this.spec.log, "a", 0o600);
    try {
      const [program, ...rest] = this.spec.command;
      this.#since = Date.now();
      const child = spawn(program as string, rest, { detached: true, stdio: ["ignore", log, log], env: this.spec.env });
      child.on("error", (error) => this.#ended(`can't be started: ${error.message}`));
      child.on("exit", (code, signal) => {
        // Meanwhile another may have been adopted in its place.
        if (this.pid === child.pid)
          this.#ended(signal === null ? `ended with ${code}` : `was ended by ${signal}`, code ?? undefined);
      });
      child.unref();
      this.pid = child.pid;
      this.#startTime = child.pid === undefined ? 0 : (readStat(child.pid)?.startTime ?? 0);
    } finally {
      closeSync(log);
    }
  }

  /** Asks it to end, waits up to `graceMs`, then ends it. */
  async stop(signal: NodeJS.Signals = "SIGTERM", graceMs = 10_000): Promise<void> {
    this.#wanted = false;
    clearTimeout(this.#timer);
    const pid = this.pid;
    if (pid === undefined || !isAlive(pid, this.#startTime)) return;
    send(pid, signal);
    const deadline = Date.now() + graceMs;
    while (Date.now() < deadline) {
      if (!isAlive(pid, this.#startTime)) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    if (isAlive(pid, this.#startTime)) send(pid, "SIGKILL");
  }

  get running(): boolean {
    return this.pid !== undefined && isAlive(this.pid, this.#startTime);
  }

  /** The last lines of its log, for a message. */
  tail(lines = 5): string {
    try {
      return readFileSync(this.spec.log, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
    } catch {
      return "";
    }
  }

  /** An adopted process isn't our child in the system's eyes, so nobody tells us of its end. */
  #poll(): void {
    this.#timer = setTimeout(() => {
      // By its role too: a fork that was taken for this process may have become a pod's since.
      if (this.running && roleOf(this.pid as number) === this.spec.role) this.#poll();
      else this.#ended("ended");
    }, 250);
  }

  #ended(how: string, code?: number): void {
    this.pid = undefined;
    if (!this.#wanted || (code === 0 && this.spec.once === true)) return;
    if (code === noRestartExitCode) {
      this.gaveUp = true;
      this.#say(`${this.spec.role} can't go on and is not started again:\n${this.tail(3)}`);
      return;
    }
    const ran = Date.now() - this.#since;
    const delay = restartDelay(this.#failures);
    this.#failures = failuresAfter(this.#failures, ran);
    this.#say(`${this.spec.role} ${how} after ${Math.round(ran / 1000)} s; it is started again`);
    this.#timer = setTimeout(() => this.start(), delay);
  }
}

/** Logs are kept to two files of 10 MB. */
function rotate(path: string): void {
  try {
    if (statSync(path).size > 10_000_000) renameSync(path, `${path}.1`);
  } catch {
    // No log yet.
  }
}
