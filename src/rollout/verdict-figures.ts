import type { Counts, Look } from "./verdict.ts";

export const nothing: Counts = { requests: 0, failed: 0, byProxy: 0, latency: [] };

/** Both together. Histograms may have different bounds: a bucket that isn't there is empty. */
export function add(a: Counts, b: Counts): Counts {
  return {
    requests: a.requests + b.requests,
    failed: a.failed + b.failed,
    byProxy: a.byProxy + b.byProxy,
    latency: a.latency.length === 0 ? b.latency : b.latency.length === 0 ? a.latency : merge(a.latency, b.latency),
  };
}

function merge(a: Counts["latency"], b: Counts["latency"]): Counts["latency"] {
  const counts = new Map<number, number>();
  for (const { upTo, count } of [...a, ...b]) counts.set(upTo, (counts.get(upTo) ?? 0) + count);
  return [...counts].map(([upTo, count]) => ({ upTo, count })).sort((x, y) => x.upTo - y.upTo);
}

/** Shares of steps add up to whole numbers but for this. */
const rounding = 1e-6;

/** What can't be true of the looks, in words; undefined: nothing. */
export function contradiction(looks: readonly Look[]): string | undefined {
  let end = -Infinity;
  for (const { from, to, subject, baseline, heard, total } of looks) {
    if (!(Number.isFinite(from) && Number.isFinite(to) && from < to && from >= end))
      return "Looks overlap or have no duration.";
    end = to;
    if (!(Number.isFinite(heard) && Number.isFinite(total) && heard >= 0 && heard <= total))
      return `${heard} of ${total} proxies can't have been heard.`;
    for (const counts of baseline === null ? [subject] : [subject, baseline]) {
      const wrong = impossibleCounts(counts);
      if (wrong !== undefined) return wrong;
    }
  }
  return undefined;
}

function impossibleCounts({ requests, failed, byProxy, latency }: Counts): string | undefined {
  const figures = [requests, failed, byProxy, ...latency.map(({ count }) => count)];
  if (figures.some((figure) => !Number.isFinite(figure) || figure < 0)) return "A count is negative or no number.";
  if (failed > requests + rounding) return `${failed} of ${requests} requests can't have failed.`;
  if (byProxy > failed + rounding) return `Proxies can't have answered ${byProxy} of ${failed} failures.`;
  const rises = latency.every(({ upTo }, index) => upTo > (latency[index - 1]?.upTo ?? 0));
  if (!rises || (latency.length > 0 && latency.at(-1)!.upTo !== Infinity)) return "Latency buckets aren't in order.";
  return undefined;
}
