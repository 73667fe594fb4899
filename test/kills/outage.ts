import type { Failure } from "./load.ts";

/** A time in which requests of some streams went to or through a process that was down. Unix ms. */
export interface Outage {
  what: string;
  /** Streams that it may have failed. */
  streams: readonly string[];
  from: number;
  /** Until it was back, or its callers had new endpoints; Infinity while neither is true. */
  until: number;
}

/** What no outage excuses: its stream wasn't touched, or it was over (or hadn't begun) during the whole request. */
export function unexcused(failures: readonly Failure[], outages: readonly Outage[]): Failure[] {
  return failures.filter(
    ({ stream, began, ended }) =>
      !outages.some(({ streams, from, until }) => streams.includes(stream) && began <= until && ended >= from),
  );
}

/** A process that was killed on a slow machine may be back, and read everything anew, only after seconds. */
const nearMs = 15_000;

/** One line for each failure, with the kills before it. */
export function tell(
  failures: readonly Failure[],
  kills: readonly { at: number; what: string; position?: string }[],
): string[] {
  return failures.map(({ stream, began, ended, what }) => {
    const before = kills
      .filter(({ at }) => at <= ended && at > began - nearMs)
      .map(
        (kill) =>
          `${kill.what} ${began - kill.at} ms before it${kill.position === undefined ? "" : `, at ${kill.position}`}`,
      );
    return `${stream}, ${ended - began} ms: ${what} (${before.join("; ") || "no kill near"})`;
  });
}
