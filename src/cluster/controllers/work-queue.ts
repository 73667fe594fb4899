const turnMs = 10;

/**
 * Keys to reconcile: each once however often it is added, one after another, a failed one again after a growing delay.
 * Adding never runs anything at once, so that it is safe from inside a watch.
 */
export class WorkQueue {
  readonly #reconcile: (key: string) => number | void;
  readonly #failed: (key: string, error: unknown) => void;
  readonly #ready = new Set<string>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #failures = new Map<string, number>();
  #scheduled = false;
  #stopped = false;

  /** `reconcile` returns after how many ms to come back, if ever. */
  constructor(reconcile: (key: string) => number | void, failed: (key: string, error: unknown) => void) {
    this.#reconcile = reconcile;
    this.#failed = failed;
  }

  add(key: string): void {
    if (this.#stopped) return;
    this.#ready.add(key);
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#ready.clear();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#drain());
  }

  /** Some milliseconds at a go, so that requests get their turn. */
  #drain(): void {
    this.#scheduled = false;
    const until = performance.now() + turnMs;
    for (const key of this.#ready) {
      if (this.#stopped) return;
      if (performance.now() > until) return this.#schedule();
      this.#ready.delete(key);
      this.#one(key);
    }
  }

  #one(key: string): void {
    try {
      const again = this.#reconcile(key);
      this.#failures.delete(key);
      if (again !== undefined) this.#later(key, again);
    } catch (error) {
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      this.#failed(key, error);
      this.#later(key, Math.min(30_000, 50 * 2 ** failures));
    }
  }

  #later(key: string, delayMs: number): void {
    clearTimeout(this.#timers.get(key));
    const timer = setTimeout(
      () => {
        this.#timers.delete(key);
        this.add(key);
      },
      Math.min(delayMs, 2 ** 31 - 1),
    );
    timer.unref();
    this.#timers.set(key, timer);
  }
}
