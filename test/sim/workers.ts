import { Worker } from "node:worker_threads";
import type { Told } from "./history-worker.ts";
import { InOrder } from "./in-order.ts";

/** Most of what a history makes is garbage soon: with more room for what is young there is less to clean up. In MB. */
const youngMb = 192;

/**
 * Runs the histories of seeds from `first` on in `count` threads and hands what came of them to `take` in the order of
 * seeds, until that says false. Each history is run as a whole in one thread and knows nothing of others, so that what is
 * taken is the same for any `count`; what threads had run ahead of the last one is dropped.
 */
export async function runHistories(first: number, count: number, take: (told: Told) => boolean): Promise<void> {
  const order = new InOrder<Told>(first);
  const workers = Array.from(
    { length: count },
    () =>
      new Worker(new URL("history-worker.ts", import.meta.url), {
        resourceLimits: { maxYoungGenerationSizeMb: youngMb },
      }),
  );
  let seed = first;
  let over = false;
  try {
    await Promise.all(
      workers.map(
        (worker) =>
          new Promise<void>((resolve, reject) => {
            worker.on("error", reject);
            worker.on("message", (told: Told) => {
              for (const { result } of over ? [] : order.add(told.seed, told)) over ||= !take(result);
              if (over) return resolve();
              // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows
              worker.postMessage(seed++);
            });
            // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows
            worker.postMessage(seed++);
          }),
      ),
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
