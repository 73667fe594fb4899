import type { Clock } from "./leaf.ts";

/** Longest wait that a timer of Node's takes. */
const longestTimer = 2 ** 31 - 1;

/** The machine's own time. Timers don't keep the process alive. */
export const systemClock: Clock = Object.freeze({
  now: () => Date.now(),
  schedule(at: number, run: () => void): () => void {
    let timer: NodeJS.Timeout;
    const arm = () => {
      const wait = at - Date.now();
      timer = wait > longestTimer ? setTimeout(arm, longestTimer) : setTimeout(run, Math.max(0, wait));
      timer.unref();
    };
    arm();
    return () => clearTimeout(timer);
  },
});
