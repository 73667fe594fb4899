/** News of what a release waits for is written no more often, in ms; those of its phase at once. */
export const newsMs = 1000;

/** Between two looks at everything because of what was seen, in ms. */
export const wakeMs = 20;

/** How soon a release that was cut off for lack of a database is looked at again, in ms. */
export const awayMs = 1000;

/** Proxies that are slow are asked less and less often: from 50 ms on up to 1 s. */
export function askAfter(waitedMs: number, least = 50): number {
  return Math.min(Math.max(waitedMs / 10, least), 1000);
}

/** Calls back after so many ms; returns how to stop. */
export function timer(ms: number, then: () => void): () => void {
  const handle = setTimeout(then, ms);
  return () => clearTimeout(handle);
}
