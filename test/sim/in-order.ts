/** What came of seeds in whatever order, handed on in the order of the seeds: so that nothing depends on who was faster. */
export class InOrder<T> {
  readonly #waiting = new Map<number, T>();
  #next: number;

  constructor(first: number) {
    this.#next = first;
  }

  /** The first seed that nothing has come of yet. */
  get next(): number {
    return this.#next;
  }

  /** What can be handed on now. */
  add(seed: number, result: T): { seed: number; result: T }[] {
    this.#waiting.set(seed, result);
    const ready: { seed: number; result: T }[] = [];
    for (let found = this.#waiting.get(this.#next); found !== undefined; found = this.#waiting.get(this.#next)) {
      ready.push({ seed: this.#next, result: found });
      this.#waiting.delete(this.#next++);
    }
    return ready;
  }
}
