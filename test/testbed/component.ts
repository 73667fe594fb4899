import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { tied } from "./tied.ts";

export interface ComponentSpec {
  /** `kube-apiserver`, `istiod-2`: names the log, too. */
  name: string;
  program: string;
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
  log: string;
  /** False until it does its work. Never throws. */
  ready: () => Promise<boolean>;
}

/** How long a component may take until it is ready, on a machine that is busy with other things. */
const startMs = 180_000;
const graceMs = 10_000;

/** One process of a testbed: started, stopped, started again, never by itself. */
export class Component {
  readonly spec: ComponentSpec;
  readonly #marks: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;

  /** `marks`: what its environment carries, so that it is found when its starter has died. */
  constructor(spec: ComponentSpec, marks: Readonly<Record<string, string>>) {
    this.spec = spec;
    this.#marks = marks;
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }
  get pid(): number | undefined {
    return this.running ? this.#child?.pid : undefined;
  }

  /** Resolves when it is ready. Throws with its last words when it ends before that. */
  async start(): Promise<void> {
    const { name, program, args, env, log } = this.spec;
    const output = openSync(log, "a", 0o600);
    try {
      // In a group of its own: Ctrl-C is for us, who then stop everything in order.
      this.#child = spawn(...tied(program, args), {
        detached: true,
        stdio: ["ignore", output, output],
        env: { PATH: process.env["PATH"], HOME: "/nonexistent", ...this.#marks, ...env },
      });
      this.#child.on("error", () => {});
    } finally {
      closeSync(output);
    }
    const deadline = Date.now() + startMs;
    for (;;) {
      if (!this.running) throw new Error(`${name} ended before it was ready:\n${this.tail()}`);
      if (await this.spec.ready()) return;
      if (Date.now() > deadline) throw new Error(`${name} isn't ready after ${startMs / 1000} s:\n${this.tail()}`);
      await delay(100);
    }
  }

  /** SIGKILL: as in a crash. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.running || child.pid === undefined) return;
    const ended = once(child, "exit");
    child.kill(signal);
    const hard = setTimeout(() => child.kill("SIGKILL"), graceMs);
    await ended;
    clearTimeout(hard);
  }

  /** The last lines of its log. */
  tail(lines = 12): string {
    return readFileSync(this.spec.log, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
  }
}
