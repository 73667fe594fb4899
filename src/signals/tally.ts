import type { Counters } from "./counters.ts";
import { bucketsOf } from "./golden.ts";

/** Requests over a time. `failed` includes what proxies answered in the app's place (`byProxy`). Shares of steps: not whole numbers. */
export interface Counts {
  requests: number;
  failed: number;
  byProxy: number;
  /** Upper bounds in ms, the last one Infinity; counts aren't cumulative. Empty: nothing was timed. */
  latency: { upTo: number; count: number }[];
}

/** Attempts that were answered with a code that begins so; those that were tried again are attempts too. */
function answered(counters: Counters, ...beginnings: string[]): number {
  let sum = 0;
  for (const key in counters) {
    const code = /^(?:code|retried):(.+)$/.exec(key)?.[1];
    if (code !== undefined && beginnings.some((beginning) => code.startsWith(beginning))) sum += counters[key]!;
  }
  return sum;
}

export const requestsOf = (counters: Counters): number => answered(counters, "");
export const failedOf = (counters: Counters): number => answered(counters, "5");
/** Refused for want of permission, by the app or by its proxy. */
export const refusedOf = (counters: Counters): number => answered(counters, "401", "403");
/** Never answered by the callee: given up (504), or the pool was full (503). */
export const localOf = (counters: Counters): number => (counters.timeout ?? 0) + (counters.overflow ?? 0);
export const deniedOf = (counters: Counters): number => counters.denied ?? 0;

export function latencyOf(counters: Counters): Counts["latency"] {
  const bounds = new Map<number, number>();
  for (const { above, upTo, count } of bucketsOf(counters)) {
    // The beginning of a bucket is the end of the one before it, which may be empty.
    if (above > 0 && !bounds.has(above)) bounds.set(above, 0);
    bounds.set(upTo, (bounds.get(upTo) ?? 0) + count);
  }
  if (bounds.size > 0 && !bounds.has(Infinity)) bounds.set(Infinity, 0);
  return [...bounds].map(([upTo, count]) => ({ upTo, count })).sort((a, b) => a.upTo - b.upTo);
}

/** No more failures than requests, no more by proxies than failed: figures of two parties are read at different instants. */
export function counts(requests: number, failed: number, byProxy: number, latency: Counts["latency"]): Counts {
  const failures = Math.min(failed, requests);
  return { requests, failed: failures, byProxy: Math.min(byProxy, failures), latency };
}

/**
 * Whether callers' figures are the fuller ones: as a rule, for time-outs and full pools exist only there. Where clearly
 * more arrived at the callee (or failed there) than callers told, some of them have no voice here.
 */
export function callersTell(callers: Counters, callee: Counters): boolean {
  return requestsOf(callee) <= 1.1 * requestsOf(callers) + 5 && failedOf(callee) <= 1.1 * failedOf(callers) + 2;
}

/** A request that failed on either side has failed, once. */
export function bothSides(callers: Counters, callee: Counters, byCallers: boolean): Counts {
  const local = localOf(callers);
  const denied = deniedOf(callee);
  return byCallers
    ? counts(requestsOf(callers), failedOf(callers) + denied, local + denied, latencyOf(callers))
    : counts(requestsOf(callee) + local, failedOf(callee) + local + denied, local + denied, latencyOf(callee));
}
