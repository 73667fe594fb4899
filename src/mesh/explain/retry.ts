import type { RetryPolicy } from "#gen/envoy/config/route/v3/route_components_pb.ts";
import { toMs } from "./duration.ts";
import type { Exchange, Span } from "./exchange.ts";

/** What a try ended with: an answer, none, or the per-try timeout. */
export type Ended = Exchange | "per-try timeout";

/** Whether the policy's conditions ask for another try (Envoy, "x-envoy-retry-on"). */
export function isRetriable(policy: RetryPolicy, ended: Ended): boolean {
  const conditions = new Set(policy.retryOn.split(",").map((part) => part.trim()));
  const has = (...names: string[]) => names.some((name) => conditions.has(name));
  // A reset counts as 5xx, and so does a per-try timeout, which resets the try.
  if (ended === "per-try timeout") return has("reset", "5xx", "gateway-error");
  if (ended.kind === "failure") {
    if (ended.cause === "overflow") return false;
    return has("reset", "5xx", "gateway-error") || (ended.cause === "connect-failure" && has("connect-failure"));
  }
  const { status } = ended;
  if (ended.rateLimited === true) return has("envoy-ratelimited");
  if (has("5xx") && status >= 500 && status < 600) return true;
  if (has("gateway-error") && status >= 502 && status <= 504) return true;
  if (has("retriable-4xx") && status === 409) return true;
  return has("retriable-status-codes") && policy.retriableStatusCodes.includes(status);
}

/** Full jitter: anything between nothing and the interval, which doubles with each retry, up to its maximum. */
export function backOff({ retryBackOff }: RetryPolicy, retry: number): Span {
  const base = toMs(retryBackOff?.baseInterval) ?? 25;
  const most = toMs(retryBackOff?.maxInterval) ?? base * 10;
  return { from: 0, to: Math.min(base * 2 ** (retry - 1), most) };
}
