import { ApiError } from "./api-client.ts";
import { CliError } from "./cli-error.ts";

/** A server that is restarted is back long before. */
export const awayMs = 60_000;

export interface Patience {
  /** How long the server may be away, ms. */
  forMs: number;
  /** Nobody waits any more. */
  stopped: () => boolean;
  /** Told each time that the server isn't there, with how long is left, ms. */
  away?: (error: Error, leftMs: number) => void;
  now?: () => number;
  sleep?: (ms: number) => Promise<void>;
}

/** True when the server is away for a moment: it restarts, or has just started. */
export function isAway(error: unknown): boolean {
  return (
    (error instanceof CliError && error.code === "unreachable") ||
    (error instanceof ApiError && error.problem.status === 503)
  );
}

/** Does `work`, which may be done again, once more whenever the server is away; throws its error when it stays away. */
export async function patiently<T>(
  work: () => Promise<T>,
  {
    forMs,
    stopped,
    away,
    now = Date.now,
    sleep = (ms) => new Promise<void>((resolve) => void setTimeout(resolve, ms)),
  }: Patience,
): Promise<T> {
  const until = now() + forMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isAway(error) || stopped() || now() > until) throw error;
      away?.(error as Error, until - now());
      await sleep(250);
    }
  }
}
