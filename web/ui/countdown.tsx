import { clock } from "./format.ts";
import { useServerNow } from "./server-clock.tsx";

/** `0:42`, `1:05:00`, `6 d 23 h`; once it is over: `now`. */
export function Countdown({ until }: { until: number }) {
  const left = until - useServerNow();
  return (
    <time dateTime={new Date(until).toISOString()} title={new Date(until).toLocaleString()} className="countdown">
      {left <= 0 ? "now" : clock(left)}
    </time>
  );
}

/** The time since then, or between two times, in the same form. */
export function Elapsed({ since, until }: { since: number; until?: number | undefined }) {
  const now = useServerNow();
  return <span className="countdown">{clock(Math.max(0, (until ?? now) - since))}</span>;
}
