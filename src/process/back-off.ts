/**
 * How long to wait before a process is started again: 200 ms, doubling to 5 s, and from the beginning once it
 * has run for 30 s. Short, since apps and sidecars go on without it but nobody can deploy.
 */
export function restartDelay(failures: number): number {
  return Math.min(5000, 200 * 2 ** Math.min(failures, 10));
}

/** How many failures count after a run of `ranMs`. */
export function failuresAfter(failures: number, ranMs: number): number {
  return ranMs >= 30_000 ? 0 : failures + 1;
}
