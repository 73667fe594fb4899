/** What a server asked of one request it asks of the client: all wait that would otherwise come to be refused too. */
import type { Clock } from "./clock.ts";

/** In ms. Nobody waits for longer than this without being told why. */
export const longestPauseMs = 30_000;

export class Pause {
  readonly #clock: Clock;
  readonly #random: () => number;
  #until = -Infinity;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The server asked for so much. */
  ask(ms: number): void {
    this.#until = Math.max(this.#until, this.#clock.now() + Math.min(ms, longestPauseMs));
  }

  /** Waits until the pause is over, and up to a quarter more, so that those who waited don't come all at once. */
  async over(signal?: AbortSignal): Promise<void> {
    const rest = this.#until - this.#clock.now();
    if (rest > 0) await this.#clock.sleep(Math.round(rest * (1 + this.#random() / 4)), signal);
  }
}
