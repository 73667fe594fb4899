import type { Clock } from "./clock.ts";
import { KubeError } from "./kube-error.ts";
import type { Reflector } from "./reflector.ts";

/** No sooner again, in ms: watches that are answered and break at once would otherwise wake each other without end. */
const hurryMs = 5_000;

/**
 * Reflectors of one server, each of which waits for itself after a failure, and differently long: one that hears from the
 * server wakes the others.
 */
export class Hurry {
  readonly #all: () => Iterable<Pick<Reflector, "failure" | "hurry">>;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #hurriedAt = -Infinity;
  /** Whom to hurry when that is over. */
  #later: ((failure: Error) => boolean) | undefined;

  /** After the signal nobody is hurried. */
  constructor(all: () => Iterable<Pick<Reflector, "failure" | "hurry">>, clock: Clock, signal: AbortSignal) {
    this.#all = all;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** At once; where that was a moment ago, when that moment is over. */
  whose(whom: (failure: Error) => boolean): void {
    const wait = this.#hurriedAt + hurryMs - this.#clock.now();
    if (wait <= 0) {
      const waiting = [...this.#all()].filter(({ failure }) => failure !== undefined && whom(failure));
      if (waiting.length > 0) this.#hurriedAt = this.#clock.now();
      for (const reflector of waiting) reflector.hurry();
      return;
    }
    if (this.#later === undefined) {
      this.#later = whom;
      void this.#clock.sleep(wait, this.#signal).then(() => {
        const then = this.#later!;
        this.#later = undefined;
        if (!this.#signal.aborted) this.whose(then);
      });
    } else if (whom === mayBeOver) this.#later = whom;
  }
}

/** An answer to another kind may mean that this one fares better now: not where it isn't there, or may not be read. */
export function mayBeOver(failure: Error): boolean {
  return !(failure instanceof KubeError) || failure.lost || failure.transient || failure.expired;
}
