/** When a worker reports: soon after something changed, but not for each change; and every so often anyway. */
import type { Clock } from "../kube/clock.ts";

export class News {
  #told = new AbortController();

  tell(): void {
    // A reason of its own: without it each time an exception would be made, with its stack.
    this.#told.abort("news");
  }

  /** Until the signal; whoever gives it tells the news that it has. */
  async follow(
    report: () => void,
    {
      clock,
      signal,
      gatherMs,
      heartbeatMs,
    }: { clock: Clock; signal: AbortSignal; gatherMs: number; heartbeatMs: number },
  ): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(heartbeatMs, this.#told.signal);
      this.#told = new AbortController();
      if (signal.aborted) return;
      report();
      await clock.sleep(gatherMs, signal);
    }
  }
}
