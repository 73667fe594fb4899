import type { Figures } from "../../../src/rollout/verdict.ts";
import { count, duration, number } from "../../ui/format.ts";

/** What a verdict rests on beyond its words, in short. Pure. */
export function figuresOf({ failed, byProxy, latency, needed, failedLooks }: Figures): string[] {
  return [
    ...(byProxy >= 0.5 ? [`${number(byProxy)} of ${number(failed)} failures answered by proxies`] : []),
    ...latency.map(
      ({ percentile, limitMs, slower, timed }) =>
        `p${percentile} within ${duration(limitMs)}: ${number(slower)} of ${number(timed)} slower`,
    ),
    ...(failedLooks > 0 ? [`${count(failedLooks, "look")} in a row failed`] : []),
    ...(needed > 0 ? [`${count(needed, "request")} more needed`] : []),
  ];
}
