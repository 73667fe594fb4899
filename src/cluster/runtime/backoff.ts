/** Crash-loop back-off of one container: at once the first time, then 10 s doubling to 5 min; forgotten after 10 min of running (Kubernetes documentation, "Pod Lifecycle", container restarts). */
export interface Backoff {
  readonly failures: number;
}

export const noBackoff: Backoff = { failures: 0 };
const initialMs = 10_000;
const maxMs = 300_000;
const resetMs = 600_000;

/** After an exit: how long to wait before the next start. `ranMs`: how long the container had been running. */
export function afterExit(backoff: Backoff, ranMs: number): { backoff: Backoff; delayMs: number } {
  const failures = ranMs >= resetMs ? 1 : backoff.failures + 1;
  return { backoff: { failures }, delayMs: failures === 1 ? 0 : Math.min(maxMs, initialMs * 2 ** (failures - 2)) };
}
