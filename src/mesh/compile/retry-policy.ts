import { create } from "@bufbuild/protobuf";
import { RetryPolicySchema, type RetryPolicy } from "#gen/envoy/config/route/v3/route_components_pb.ts";
import { PreviousHostsPredicateSchema } from "#gen/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.ts";
import { PreviousPrioritiesConfigSchema } from "#gen/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb.ts";
import type { HTTPRetry } from "../../objects/istio.ts";
import { duration } from "./duration.ts";
import { any } from "./encode.ts";

const defaultRetryOn = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes";

/**
 * Istio's rules: absent means 2 retries on its default conditions; 0 attempts mean none. A retry goes to a host that
 * wasn't tried yet, except under a consistent hash.
 */
export function retryPolicy(retries: HTTPRetry | undefined, consistentHash: boolean): RetryPolicy | undefined {
  if (retries !== undefined && retries.attempts <= 0) return undefined;
  const { retryOn, codes } = parseRetryOn(retries?.retryOn || defaultRetryOn);
  return create(RetryPolicySchema, {
    numRetries: retries?.attempts ?? 2,
    retryOn,
    retriableStatusCodes: codes,
    hostSelectionRetryMaxAttempts: 5n,
    ...(consistentHash
      ? {}
      : {
          retryHostPredicate: [
            {
              name: "envoy.retry_host_predicates.previous_hosts",
              configType: { case: "typedConfig", value: any(PreviousHostsPredicateSchema, {}) },
            },
          ],
        }),
    ...(retries?.perTryTimeout === undefined ? {} : { perTryTimeout: duration(retries.perTryTimeout) }),
    ...(retries?.retryRemoteLocalities === true
      ? {
          retryPriority: {
            name: "envoy.retry_priorities.previous_priorities",
            configType: { case: "typedConfig", value: any(PreviousPrioritiesConfigSchema, { updateFrequency: 2 }) },
          },
        }
      : {}),
    ...(retries?.backoff === undefined ? {} : { retryBackOff: { baseInterval: duration(retries.backoff) } }),
  });
}

/** Conditions may contain bare status codes: `gateway-error,409`. */
function parseRetryOn(text: string): { retryOn: string; codes: number[] } {
  const parts = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  const codes = parts.filter((part) => /^[1-5]\d\d$/.test(part)).map(Number);
  const conditions = parts.filter((part) => !/^[1-5]\d\d$/.test(part));
  if (codes.length > 0 && !conditions.includes("retriable-status-codes")) conditions.push("retriable-status-codes");
  return { retryOn: conditions.join(","), codes };
}
