import type { Container, Probe } from "../../objects/core.ts";
import type { ProbeResult } from "./probe.ts";
import { Prober } from "./prober.ts";

export interface AppProbesOptions {
  ask(probe: Probe): Promise<ProbeResult>;
  changed(): void;
  event(type: "Normal" | "Warning", reason: string, message: string): void;
  /** Ends the present run; the next starts by the restart policy. */
  restart(reason: string): void;
}

/** How far a process was found to be before: adopting one must not take it out of service. */
export interface FoundBefore {
  started: boolean;
  ready: boolean;
}

/**
 * The probes of one container (Kubernetes documentation, "Liveness, Readiness, and Startup Probes"): until the startup
 * probe has succeeded once the others aren't asked, and its failure, like that of the liveness probe, ends the run.
 */
export class AppProbes {
  readonly #startup: Prober | undefined;
  readonly #readiness: Prober | undefined;
  readonly #liveness: Prober | undefined;
  readonly #options: AppProbesOptions;
  #started = false;
  /** Counts runs: an answer that comes late belongs to the one before. */
  #run = 0;
  #startupMessage: string | undefined;

  constructor(container: Container, options: AppProbesOptions) {
    this.#options = options;
    const { startupProbe, readinessProbe, livenessProbe } = container;
    const { changed } = options;
    const unhealthy = (kind: string) => (message: string) =>
      options.event("Warning", "Unhealthy", `${kind} probe failed: ${message}`);
    if (startupProbe !== undefined)
      this.#startup = new Prober(
        startupProbe,
        () => this.#askStartup(startupProbe),
        (state) => !state.passing && this.#fail(container, "startup"),
        "startup",
        unhealthy("Startup"),
      );
    if (readinessProbe !== undefined)
      this.#readiness = new Prober(
        readinessProbe,
        () => options.ask(readinessProbe),
        changed,
        "readiness",
        unhealthy("Readiness"),
      );
    if (livenessProbe !== undefined)
      this.#liveness = new Prober(
        livenessProbe,
        () => options.ask(livenessProbe),
        (state) => {
          changed();
          if (!state.passing) this.#fail(container, "liveness");
        },
        "liveness",
        unhealthy("Liveness"),
      );
  }

  /** A run has begun, or is gone on with. */
  start(before: FoundBefore): void {
    this.stop();
    this.#startupMessage = undefined;
    this.#started = this.#startup === undefined || before.started;
    if (this.#started) this.#startOthers(before.ready);
    else this.#startup?.start();
  }

  stop(): void {
    this.#run++;
    this.#started = false;
    for (const prober of [this.#startup, this.#readiness, this.#liveness]) prober?.stop();
  }

  get started(): boolean {
    return this.#started;
  }

  get passing(): boolean {
    return this.#started && (this.#readiness?.state.passing ?? true);
  }

  /** Why it isn't ready, as far as a probe has said. */
  get message(): string | undefined {
    if (!this.#started) return this.#startupMessage && `Startup probe failed: ${this.#startupMessage}`;
    const { passing, message } = this.#readiness?.state ?? { passing: true };
    return passing || message === undefined ? undefined : `Readiness probe failed: ${message}`;
  }

  #startOthers(ready: boolean): void {
    this.#readiness?.start(ready ? true : undefined);
    this.#liveness?.start();
  }

  async #askStartup(probe: Probe): Promise<ProbeResult> {
    const run = this.#run;
    const result = await this.#options.ask(probe);
    if (this.#run !== run) return result;
    this.#startupMessage = result.ok ? undefined : result.message;
    if (result.ok) {
      this.#startup?.stop();
      this.#started = true;
      this.#startOthers(false);
    }
    this.#options.changed();
    return result;
  }

  #fail(container: Container, kind: "startup" | "liveness"): void {
    this.#options.event("Normal", "Killing", `Container ${container.name} failed ${kind} probe, will be restarted`);
    this.#options.restart(kind === "startup" ? "StartupProbeFailed" : "LivenessProbeFailed");
  }
}
