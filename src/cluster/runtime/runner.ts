import type { ContainerState, ContainerStatus } from "../../objects/core.ts";
import { afterExit, noBackoff, type Backoff } from "./backoff.ts";
import { asPodProblem, type PodProblem } from "./pod-problem.ts";
import { exitCode, type Exit, type ProcessHandle } from "./process-handle.ts";

export type RestartPolicy = "Always" | "OnFailure" | "Never";

export interface RunnerOptions {
  name: string;
  restartPolicy: RestartPolicy;
  /** Prepares and spawns; throws PodProblem. */
  launch(): Promise<ProcessHandle>;
  /** Called whenever `state` or `restartCount` changes. */
  changed(): void;
  /** The end of the output of the run that just ended. */
  tail(): string;
  event(type: "Normal" | "Warning", reason: string, message: string): void;
}

const unseenMessage = "The process ended while nobody watched it; its exit code is unknown.";

/** How long to wait before a failed preparation (image, configuration) is tried again. */
const prepareRetryMs = [1000, 2000, 5000, 10_000, 20_000, 60_000];

/** Keeps one container's process running, with Kubernetes' states, reasons and back-off. */
export class ContainerRunner {
  state: ContainerState = { waiting: { reason: "ContainerCreating" } };
  lastState: ContainerState | undefined;
  restartCount = 0;
  handle: ProcessHandle | undefined;
  readonly #options: RunnerOptions;
  #backoff: Backoff = noBackoff;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;
  #launching: Promise<void> | undefined;
  #preparations = 0;
  /** Why we end the process ourselves, for its terminated state. */
  #killReason: string | undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** Goes on with a process that runs already. */
  adopt(handle: ProcessHandle, before: ContainerStatus | undefined): void {
    this.restartCount = before?.restartCount ?? 0;
    this.lastState = before?.lastState;
    this.#running(handle);
  }

  /** Takes over what was known of a container that doesn't run now. If it ran when it was last seen, nobody saw it end. */
  restore(before: ContainerStatus): void {
    const unseen = before.state?.running;
    const finishedAt = isoTime(Date.now());
    this.restartCount = before.restartCount + (unseen === undefined ? 0 : 1);
    this.lastState =
      unseen === undefined
        ? before.state?.terminated === undefined
          ? before.lastState
          : { terminated: before.state.terminated }
        : {
            terminated: {
              exitCode: 137,
              reason: "ContainerStatusUnknown",
              message: unseenMessage,
              ...(unseen.startedAt !== undefined && { startedAt: unseen.startedAt }),
              finishedAt,
            },
          };
    const failing =
      unseen === undefined && Date.now() - Date.parse(this.lastState?.terminated?.finishedAt ?? "") < 600_000;
    this.#backoff = { failures: failing ? Math.min(before.restartCount, 8) : 0 };
  }

  start(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#stopping || this.handle !== undefined) return Promise.resolve();
    return (this.#launching ??= this.#launch().finally(() => {
      this.#launching = undefined;
    }));
  }

  async #launch(): Promise<void> {
    try {
      const handle = await this.#options.launch();
      this.#preparations = 0;
      if (this.#stopping) {
        handle.signal("SIGKILL");
        await handle.exited;
        return;
      }
      this.#options.event("Normal", "Started", `Started container ${this.#options.name}`);
      this.#running(handle);
    } catch (error) {
      this.#failed(asPodProblem(error));
    }
  }

  /** Ends this run because a probe says so; the next starts by the restart policy. */
  async restart(reason: string, graceMs: number): Promise<void> {
    this.#killReason = reason;
    await this.#end(graceMs);
  }

  /** Ends it for good: SIGTERM, `graceMs`, SIGKILL. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    await this.#end(graceMs);
    // One that is just being made ends as soon as it is there.
    await this.#launching;
  }

  /** Looks at it no more; the process goes on. */
  release(): void {
    this.#stopping = true;
    clearTimeout(this.#timer);
    this.handle = undefined;
  }

  async #end(graceMs: number): Promise<void> {
    const handle = this.handle;
    if (handle === undefined) return;
    if (graceMs > 0) {
      handle.signal("SIGTERM");
      const timer = setTimeout(() => handle.signal("SIGKILL"), graceMs);
      await handle.exited;
      clearTimeout(timer);
    }
    // Also for what the leader may have left of its group.
    handle.signal("SIGKILL");
    await handle.exited;
  }

  #running(handle: ProcessHandle): void {
    this.handle = handle;
    this.state = { running: { startedAt: isoTime(handle.startedAt) } };
    this.#options.changed();
    void handle.exited.then((exit) => this.#exited(handle, exit));
  }

  #exited(handle: ProcessHandle, exit: Exit): void {
    if (this.handle !== handle) return;
    this.handle = undefined;
    handle.signal("SIGKILL");
    const code = exitCode(exit);
    const unknown = exit.code === undefined && exit.signal === undefined;
    const reason = this.#killReason ?? (unknown ? "ContainerStatusUnknown" : code === 0 ? "Completed" : "Error");
    this.#killReason = undefined;
    const message = unknown ? unseenMessage : this.#options.tail();
    const terminated = {
      exitCode: code,
      ...(exit.signal && { signal: code - 128 }),
      reason,
      ...(message !== "" && { message }),
      startedAt: isoTime(handle.startedAt),
      finishedAt: isoTime(Date.now()),
    };
    this.#ended({ terminated }, Date.now() - handle.startedAt, code);
  }

  #ended(state: ContainerState, ranMs: number, code: number): void {
    const policy = this.#options.restartPolicy;
    if (this.#stopping || policy === "Never" || (policy === "OnFailure" && code === 0)) {
      this.state = state;
      this.#options.changed();
      return;
    }
    this.lastState = state;
    this.restartCount++;
    const next = afterExit(this.#backoff, ranMs);
    this.#backoff = next.backoff;
    if (next.delayMs === 0) {
      this.state = state;
    } else {
      const message = `back-off ${next.delayMs / 1000}s restarting failed container=${this.#options.name}`;
      this.state = { waiting: { reason: "CrashLoopBackOff", message } };
      this.#options.event("Warning", "BackOff", message);
    }
    this.#options.changed();
    this.#later(next.delayMs);
  }

  #failed(problem: PodProblem): void {
    if (problem.reason === "StartError") {
      this.#options.event("Warning", "Failed", `Error: ${problem.message}`);
      const finishedAt = isoTime(Date.now());
      // 128: as container runtimes report a command that can't be started.
      this.#ended(
        {
          terminated: {
            exitCode: 128,
            reason: "StartError",
            message: problem.message,
            startedAt: finishedAt,
            finishedAt,
          },
        },
        0,
        128,
      );
      return;
    }
    const delay = prepareRetryMs[Math.min(this.#preparations++, prepareRetryMs.length - 1)] ?? 60_000;
    const reason = problem.reason === "ErrImagePull" && this.#preparations > 1 ? "ImagePullBackOff" : problem.reason;
    this.state = { waiting: { reason, message: problem.message } };
    this.#options.event("Warning", "Failed", problem.message);
    this.#options.changed();
    if (problem.retry) this.#later(delay);
  }

  #later(delayMs: number): void {
    if (this.#stopping) return;
    this.#timer = setTimeout(() => void this.start(), delayMs);
  }
}

/** Kubernetes times have whole seconds. */
export function isoTime(unixMs: number): string {
  return new Date(unixMs).toISOString().replace(/\.\d+Z$/, "Z");
}
