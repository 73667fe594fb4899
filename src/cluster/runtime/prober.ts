import type { Probe } from "../../objects/core.ts";
import { probeStep, unprobed, type ProbeResult, type ProbeState } from "./probe.ts";

/** Until the first success probes are asked often, whatever their period: a start takes as long as it takes, not up to a period longer. */
const startupMs = [50, 100, 150, 200, 300, 500, 750, 1000];

/** Asks one probe again and again and tells when its state, or what it complains of, changes. */
export class Prober {
  state: ProbeState = unprobed;
  readonly #probe: Probe;
  readonly #ask: () => Promise<ProbeResult>;
  readonly #turned: (state: ProbeState, starting: boolean) => void;
  readonly #eager: boolean;
  /** Asked first right after the start, not a period later. */
  readonly #soon: boolean;
  readonly #failing: (message: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #round = 0;
  #succeeded = false;
  #stopped = true;
  /** Counts starts and stops: an answer that comes after one belongs to another run. */
  #run = 0;

  /**
   * `turned`'s `starting`: still in the first three seconds of a start, when a failure says nothing yet. `purpose`: ask
   * often until the first success (readiness); liveness and startup keep to their period, since a slow start is no
   * death. `failing` hears of every single failure after that first time, as a kubelet tells it in an event.
   */
  constructor(
    probe: Probe,
    ask: () => Promise<ProbeResult>,
    turned: (state: ProbeState, starting: boolean) => void,
    purpose: "startup" | "readiness" | "liveness",
    failing: (message: string) => void = () => undefined,
  ) {
    this.#failing = failing;
    this.#probe = probe;
    this.#ask = ask;
    this.#turned = turned;
    this.#eager = purpose === "readiness";
    this.#soon = purpose !== "liveness";
    if (!this.#eager) this.state = { passing: true, against: 0 };
  }

  /** `passing`: go on from there, for a process that was found ready before and runs on. */
  start(passing = !this.#eager): void {
    this.stop();
    this.#stopped = false;
    this.#round = 0;
    this.#succeeded = passing;
    this.state = { passing, against: 0 };
    const first = this.#soon && !(this.#eager && passing) ? 30 : this.#periodMs();
    this.#next((this.#probe.initialDelaySeconds ?? 0) * 1000 + first);
  }

  stop(): void {
    this.#stopped = true;
    this.#run++;
    clearTimeout(this.#timer);
  }

  #next(delayMs: number): void {
    this.#timer = setTimeout(() => void this.#once(), delayMs);
    this.#timer.unref();
  }

  async #once(): Promise<void> {
    const run = this.#run;
    const result = await this.#ask();
    if (this.#stopped || this.#run !== run) return;
    const before = this.state;
    this.state = probeStep(before, result, this.#probe);
    this.#succeeded ||= this.state.passing;
    const begins = this.#eager && !this.#succeeded && this.#round < startupMs.length;
    const over = this.#eager && !this.#succeeded && this.#round === startupMs.length;
    if (!result.ok && !begins) this.#failing(result.message);
    if (before.passing !== this.state.passing || before.message !== this.state.message || over)
      this.#turned(this.state, begins);
    // Whoever was told may have stopped us.
    if (this.#stopped || this.#run !== run) return;
    const often = this.#eager && !this.state.passing && this.#round < 60;
    this.#next(often ? (startupMs[Math.min(this.#round, startupMs.length - 1)] ?? 1000) : this.#periodMs());
    this.#round++;
  }

  /** A tenth more or less, so that many pods' probes don't fall on one moment. */
  #periodMs(): number {
    return (this.#probe.periodSeconds ?? 10) * 1000 * (0.9 + Math.random() * 0.2);
  }
}
