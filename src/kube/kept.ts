/** A thing that is dear to fetch and is good for a while: fetched by one at a time, and not again and again when that fails. */
export interface KeptOptions<T> {
  now: () => number;
  fetch: () => Promise<T>;
  /** Unix ms; Infinity: good until refused. */
  expiresAt: (value: T) => number;
  /** Fetched that long before it expires. Default 10 s. */
  aheadMs?: number;
}

/** After a failure the same failure is told for that long: many requests that fail together ask once. */
const failureMs = 5_000;
/** Something new that is refused too isn't replaced sooner than this. */
const refusalMs = 10_000;

export class Kept<T> {
  readonly #options: KeptOptions<T>;
  #value: T | undefined;
  #fetchedAt = -Infinity;
  #failure: { error: unknown; at: number } | undefined;
  #fetching: Promise<T> | undefined;

  constructor(options: KeptOptions<T>, value?: T) {
    this.#options = options;
    this.#value = value;
  }

  async get(now: number): Promise<T> {
    const { expiresAt, aheadMs = 10_000 } = this.#options;
    if (this.#value !== undefined && now < expiresAt(this.#value) - aheadMs) return this.#value;
    // One whose whole life is shorter than the time ahead is used to its end all the same.
    if (this.#value !== undefined && now < expiresAt(this.#value) && now - this.#fetchedAt < aheadMs)
      return this.#value;
    if (this.#failure && now - this.#failure.at < failureMs) {
      if (this.#value !== undefined && now < expiresAt(this.#value)) return this.#value;
      throw this.#failure.error;
    }
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    try {
      return await this.#fetching;
    } catch (error) {
      // It was only to be replaced in time.
      if (this.#value !== undefined && now < expiresAt(this.#value)) return this.#value;
      throw error;
    }
  }

  /** What was fetched is no good, if it is what `isIt` knows. */
  refuse(isIt: (value: T) => boolean, now: number): void {
    if (this.#value === undefined || !isIt(this.#value) || now - this.#fetchedAt < refusalMs) return;
    this.#value = undefined;
  }

  async #fetch(): Promise<T> {
    try {
      const value = await this.#options.fetch();
      this.#value = value;
      this.#fetchedAt = this.#options.now();
      this.#failure = undefined;
      return value;
    } catch (error) {
      this.#failure = { error, at: this.#options.now() };
      throw error;
    }
  }
}
