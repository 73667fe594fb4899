import { formatDuration } from "../model/duration.ts";
import type { AnalysisSpec, Failing, Names, Slowness } from "./verdict.ts";

const grouped = new Intl.NumberFormat("en-US");

/** 4100.2 → `4,100`. */
export function whole(count: number): string {
  return grouped.format(Math.round(count));
}

/** Percent as people read them: `4.6 %`, `0.05 %`, `12 %`. */
export function percent(share: number): string {
  const value = share * 100;
  return `${value >= 100 ? "100" : Number(value.toPrecision(2))} %`;
}

/** `37 of 812 requests to r8 failed (4.6 %), 2 of 4,100 to r7 (0.05 %)`. */
export function failures({ requests, failed, byProxy, baseline }: Failing, names: Names): string {
  const proxies = byProxy >= 0.5 ? `, ${whole(byProxy)} of them answered by proxies` : "";
  const own = `${whole(failed)} of ${whole(requests)} requests${names.subject} failed (${percent(failed / requests)}${proxies})`;
  if (baseline === undefined) return own;
  return `${own}, ${whole(baseline.failed)} of ${whole(baseline.requests)}${names.baseline} (${percent(baseline.failed / baseline.requests)})`;
}

/** What is accepted: `worse by more than 1 point`. */
export function beyond(spec: AnalysisSpec, failing: Failing): string {
  if (spec.successRate !== undefined) return `a success rate of ${spec.successRate} % is asked for`;
  if (failing.baseline !== undefined) return "worse by more than 1 point";
  return "with nothing to compare with, more than 5 % is too much";
}

/** `p99 above 400ms: 31 of 800 answers took longer (3.9 %)`. */
export function slowness({ percentile, limitMs, slower, timed }: Slowness): string {
  const share = timed === 0 ? "" : ` (${percent(slower / timed)})`;
  return `p${percentile} above ${formatDuration(limitMs)}: ${whole(slower)} of ${whole(timed)} answers took longer${share}`;
}
