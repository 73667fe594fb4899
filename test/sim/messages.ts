import type { VirtualClock } from "./clock.ts";
import type { Random } from "./random.ts";

/** A line over which messages are lost, repeated, late and overtake each other, as much as it is told. */
export class Messages {
  lost = 0;
  repeated = 0;
  lateMs = 0;
  readonly #clock: VirtualClock;
  readonly #random: Random;

  constructor(clock: VirtualClock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** How long one message takes, in ms; undefined: it is lost. */
  travel(): number | undefined {
    if (this.lost > 0 && this.#random.chance(this.lost)) return undefined;
    return this.lateMs > 0 ? this.#random.int(0, this.lateMs) : this.#random.int(0, 3);
  }

  send(deliver: () => void): void {
    for (let copies = this.repeated > 0 && this.#random.chance(this.repeated) ? 2 : 1; copies > 0; copies--) {
      const ms = this.travel();
      if (ms !== undefined) this.#clock.after(ms, deliver);
    }
  }
}
