import { chanceOfAtLeast, chanceOfAtMost, upperShare } from "./verdict-chance.ts";
import type { AnalysisSpec, Counts, Failing, Slowness } from "./verdict.ts";

/** Worse than the old revision by no more than this, where no success rate is asked for. */
export const tolerance = 0.01;
/** With nothing to compare with. */
export const toleranceAlone = 0.05;
/** Fewer requests than this say nothing of the old revision. */
export const fewest = 20;
/** Nor do fewer than this make the new one fail, though all of them did: it may have needed a moment. */
export const fewestToFail = 10;
/** How sure the old revision's failures are bounded before the new one is called worse. */
const baselineConfidence = 0.95;
/** A pass leaves at most this chance that the true share is `passMargin` beyond the limit. */
const passDoubt = 0.2;
const passMargin = 0.02;

/** The subject's failures beside those of the baseline, when there are enough. */
export function failing(subject: Counts, baseline: Counts | undefined): Failing {
  const { requests, failed, byProxy } = subject;
  const usable = baseline !== undefined && baseline.requests >= fewest;
  return { requests, failed, byProxy, ...(usable && { baseline }) };
}

/** Largest share of failures that is accepted, as far as figures tell. */
export function acceptedShare({ successRate }: AnalysisSpec, { baseline }: Failing): number {
  if (successRate !== undefined) return 1 - successRate / 100;
  return baseline === undefined ? toleranceAlone : baseline.failed / baseline.requests + tolerance;
}

/**
 * The chance of so many failures, were the true share just acceptable. The old revision's own share isn't known either:
 * it is taken as high as its figures allow.
 */
export function chanceOfFailures(spec: AnalysisSpec, figures: Failing): number {
  const { requests, failed, baseline } = figures;
  if (requests <= 0 || failed / requests <= acceptedShare(spec, figures)) return 1;
  const accepted =
    spec.successRate === undefined && baseline !== undefined
      ? upperShare(baseline.failed, baseline.requests, baselineConfidence) + tolerance
      : acceptedShare(spec, figures);
  return chanceOfAtLeast(failed, requests, accepted);
}

/** Whether failures stay within what is accepted, and few enough were seen to trust that. */
export function isGood(spec: AnalysisSpec, figures: Failing): boolean {
  const { requests, failed } = figures;
  const accepted = acceptedShare(spec, figures);
  if (failed / requests > accepted + 1e-9) return false;
  return failed < 0.5 || chanceOfAtMost(failed, requests, accepted + passMargin) <= passDoubt;
}

/** Answers beyond each limit. In the bucket that a limit lies in they are taken as spread evenly: good enough to pass, never to fail. */
export function slownessOf(spec: AnalysisSpec, latency: Counts["latency"]): Slowness[] {
  const limits: [percentile: number, limitMs: number | undefined][] = [
    [50, spec.p50Ms],
    [90, spec.p90Ms],
    [99, spec.p99Ms],
  ];
  const timed = latency.reduce((sum, { count }) => sum + count, 0);
  return limits.flatMap(([percentile, limitMs]) => {
    if (limitMs === undefined) return [];
    let surely = 0;
    let slower = 0;
    let above = 0;
    for (const { upTo, count } of latency) {
      if (above >= limitMs) surely += count;
      if (above >= limitMs || (upTo === Infinity && upTo > limitMs)) slower += count;
      else if (upTo > limitMs) slower += (count * (upTo - limitMs)) / (upTo - above);
      above = upTo;
    }
    return [{ percentile, limitMs, surely, slower, timed }];
  });
}

/** The chance of so many slow answers, were the percentile just at its limit. */
export function chanceOfSlowness({ percentile, surely, timed }: Slowness): number {
  return timed === 0 ? 1 : chanceOfAtLeast(surely, timed, 1 - percentile / 100);
}

export function isFast({ percentile, slower, timed }: Slowness): boolean {
  return timed > 0 && slower / timed <= 1 - percentile / 100 + 1e-9;
}
