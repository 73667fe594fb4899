import { setImmediate as nextTurn } from "node:timers/promises";

/** Work that needs no waiting would otherwise keep everybody else waiting. */
const turnEvery = 100;

/**
 * Runs `work` for every item, so many at once; after a failure nothing new is begun, and it is thrown when what runs has
 * ended. Nor is anything begun once `enough` says so.
 */
export async function eachAtMost<T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
  enough: () => boolean = () => false,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let failure: { error: unknown } | undefined;
  let begun = 0;
  const lane = async (): Promise<void> => {
    while (!failure && !enough()) {
      const next = iterator.next();
      if (next.done) return;
      if (++begun % turnEvery === 0) await nextTurn();
      try {
        await work(next.value);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, lane));
  if (failure) throw failure.error;
}
