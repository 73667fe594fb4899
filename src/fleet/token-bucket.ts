import type { Clock } from "../kube/clock.ts";

/** A rate limit: `burst` tokens at most, refilled by `perSecond`. Time is an argument. */
export interface RateLimit {
  perSecond: number;
  burst: number;
}

export class TokenBucket {
  readonly #limit: RateLimit;
  /** Below zero: tokens promised to those who wait. */
  #tokens: number;
  #at: number;

  constructor(limit: RateLimit, now: number) {
    this.#limit = limit;
    this.#tokens = limit.burst;
    this.#at = now;
  }

  /** Takes one token and says in how many ms it may be used; callers are served in the order of their calls. */
  take(now: number): number {
    // A clock that goes backwards gives nothing.
    const passed = Math.max(0, now - this.#at);
    this.#at = Math.max(this.#at, now);
    this.#tokens = Math.min(this.#limit.burst, this.#tokens + (passed / 1000) * this.#limit.perSecond) - 1;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#limit.perSecond) * 1000;
  }

  /** Waits for a token. False: the signal came first. */
  async turn(clock: Clock, signal: AbortSignal): Promise<boolean> {
    const wait = this.take(clock.now());
    if (wait > 0) await clock.sleep(wait, signal);
    return !signal.aborted;
  }
}
