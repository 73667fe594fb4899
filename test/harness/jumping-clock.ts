import type { Clock } from "../../src/kube/clock.ts";

/** A clock that stands still until it is put forward: whoever sleeps until then wakes, others as real time has it. */
export function jumpingClock(): Clock & { jump(ms: number): void } {
  let time = Date.now();
  const sleepers = new Set<{ until: number; wake: () => void }>();
  const now = (): number => time;
  return {
    now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const wake = (): void => {
          clearTimeout(timer);
          sleepers.delete(sleeper);
          signal?.removeEventListener("abort", wake);
          resolve();
        };
        const sleeper = { until: now() + ms, wake };
        const timer = setTimeout(wake, ms);
        sleepers.add(sleeper);
        signal?.addEventListener("abort", wake);
      }),
    jump(ms) {
      time += ms;
      for (const { until, wake } of sleepers) if (until <= now()) wake();
    },
  };
}
