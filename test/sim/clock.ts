interface Due {
  at: number;
  order: number;
  act: (() => void) | undefined;
  quiet: boolean;
}

/** Time that passes only when nothing is left to do now. What is due at the same moment happens in the order of asking. */
export class VirtualClock {
  #now: number;
  #order = 0;
  readonly #heap: Due[] = [];

  /** `start`: Unix ms. */
  constructor(start: number) {
    this.#now = start;
  }

  readonly now = (): number => this.#now;

  /** Calls back after so many ms. Returns how to stop. */
  readonly after = (ms: number, then: () => void): (() => void) => this.#due(ms, then, false);

  /** As `after`, for what settles no promise: nobody needs to wait until everything that follows from it has gone on. */
  readonly quietly = (ms: number, then: () => void): (() => void) => this.#due(ms, then, true);

  /** Goes to the next moment at which something is due, and does it. undefined: nothing is, or not before `until`. */
  step(until: number): "quiet" | "done" | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.at > until) return undefined;
      this.#pop();
      if (first.act === undefined) continue;
      this.#now = first.at;
      first.act();
      return first.quiet ? "quiet" : "done";
    }
  }

  #due(ms: number, then: () => void, quiet: boolean): () => void {
    const due: Due = { at: this.#now + Math.max(0, ms), order: this.#order++, act: then, quiet };
    this.#push(due);
    return () => {
      due.act = undefined;
    };
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(due, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = due;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    const { length } = heap;
    if (length === 0) return;
    let at = 0;
    for (let child = 1; child < length; child = 2 * at + 1) {
      if (child + 1 < length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
