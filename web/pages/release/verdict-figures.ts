import type { Figures } from "../../../src/rollout/verdict.ts";
import { count, number, percent } from "../../ui/format.ts";

/** The figures that a verdict rests on, in short. Pure. */
export function figuresOf({ requests, failed, byProxy, baseline, latency, needed }: Figures): string[] {
  const share = (failures: number, all: number) => (all <= 0 ? "" : ` (${percent((100 * failures) / all)} %)`);
  return [
    `${count(Math.round(requests), "request")}, ${number(failed)} failed${share(failed, requests)}`,
    ...(byProxy >= 0.5 ? [`${number(byProxy)} of them answered by proxies`] : []),
    ...(baseline === undefined
      ? []
      : [
          `before: ${count(Math.round(baseline.requests), "request")}, ${number(baseline.failed)} failed${share(baseline.failed, baseline.requests)}`,
        ]),
    ...latency.map(
      ({ percentile, limitMs, slower, timed }) =>
        `p${percentile} limit ${limitMs} ms: ${number(slower)} of ${number(timed)} slower`,
    ),
    ...(needed > 0 ? [`${needed} more needed`] : []),
  ];
}
