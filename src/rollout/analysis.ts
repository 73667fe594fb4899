import { formatDuration } from "../model/duration.ts";
import type { AnalysisSpec } from "./verdict.ts";

/** Why an analysis can't ever pass: the field (below `spec.rollout`), what stands there, what would do. */
export interface Impossible {
  field: string;
  found: string | number;
  accepted: string;
  reason: string;
}

/** More than any proxy of a fleet sees of one app. */
const mostPerSecond = 100_000;
/** After its end a look still waits for the last readings. */
const readingMs = 5_000;

/**
 * Whether an analysis can ever pass. `holdsMs`: of the steps that are judged; each is watched for its hold, or up to the
 * progress deadline when its verdict takes longer. Undefined: nothing stands against it.
 */
export function impossible(
  spec: AnalysisSpec,
  holdsMs: readonly number[],
  progressDeadlineMs: number,
): Impossible | undefined {
  const { successRate, intervalMs, minRequests } = spec;
  const wrong = (field: string, found: string | number, accepted: string, reason: string): Impossible => ({
    field: `analysis.${field}`,
    found,
    accepted,
    reason,
  });
  if (successRate !== undefined && !(successRate >= 0 && successRate <= 100))
    return wrong("successRate", successRate, "0 to 100", "No share of requests lies there.");
  for (const [field, ms] of [
    ["p50", spec.p50Ms],
    ["p90", spec.p90Ms],
    ["p99", spec.p99Ms],
  ] as const)
    if (ms !== undefined && !(ms > 0)) return wrong(field, `${ms}ms`, "1ms or more", "No answer is that fast.");
  if (!(intervalMs > 0)) return wrong("interval", `${intervalMs}ms`, "1s or more", "A look must take some time.");
  const watchedMs = Math.min(
    ...(holdsMs.length === 0 ? [0] : holdsMs).map((hold) => Math.max(hold, progressDeadlineMs)),
  );
  if (intervalMs + readingMs > watchedMs)
    return wrong(
      "interval",
      formatDuration(intervalMs),
      `at most ${formatDuration(Math.max(0, watchedMs - readingMs))}, or a longer progressDeadline`,
      `A step is given up after ${formatDuration(watchedMs)}, before its first look has ended and been read.`,
    );
  const most = Math.floor((watchedMs / 1000) * mostPerSecond);
  if (!(minRequests <= most))
    return wrong(
      "minRequests",
      minRequests,
      `at most ${most}`,
      `A step is watched for ${formatDuration(watchedMs)} at most: no app gets that many requests.`,
    );
  return undefined;
}
