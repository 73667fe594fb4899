/** Exponential back-off with full jitter over its upper half: 0.5 to 1 times base × 2^failures, at most `maxMs`. */
export interface BackOff {
  baseMs: number;
  maxMs: number;
}

/** The wait after the given number of failures in a row (1 is the first). `random` gives 0 ≤ x < 1. */
export function backOffMs({ baseMs, maxMs }: BackOff, failures: number, random: () => number): number {
  const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(Math.max(failures - 1, 0), 30));
  return Math.round(ceiling * (0.5 + random() / 2));
}
