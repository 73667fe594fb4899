interface Due {
  at: number;
  order: number;
  act: (() => void) | undefined;
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
  readonly after = (ms: number, then: () => void): (() => void) => {
    const due: Due = { at: this.#now + Math.max(0, ms), order: this.#order++, act: then };
    this.#push(due);
    return () => {
      due.act = undefined;
    };
  };

  /** Goes to the next moment at which something is due, and does it. False: nothing is, or not before `until`. */
  step(until: number): boolean {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.at > until) return false;
      this.#pop();
      if (first.act === undefined) continue;
      this.#now = first.at;
      first.act();
      return true;
    }
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(heap[at]!, heap[parent]!)) break;
      [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
      at = parent;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    heap[0] = last;
    for (let at = 0; ;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < heap.length && isBefore(heap[child]!, heap[least]!)) least = child;
      if (least === at) return;
      [heap[at], heap[least]] = [heap[least]!, heap[at]!];
      at = least;
    }
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
