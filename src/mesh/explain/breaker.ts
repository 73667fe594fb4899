import { RoutingPriority } from "#gen/envoy/config/core/v3/base_pb.ts";
import type { Cluster } from "#gen/envoy/config/cluster/v3/cluster_pb.ts";
import { HttpProtocolOptionsSchema } from "#gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts";
import { unpack } from "./open-proxy.ts";
import type { InUse } from "./question.ts";

/** Envoy's own, where a cluster sets none (CircuitBreakers.Thresholds). */
const defaults = { maxConnections: 1024, maxPendingRequests: 1024, maxRequests: 1024, maxRetries: 3 };

export function thresholdsOf(cluster: Cluster) {
  const found = cluster.circuitBreakers?.thresholds.find(({ priority }) => priority === RoutingPriority.DEFAULT);
  return {
    maxConnections: found?.maxConnections ?? defaults.maxConnections,
    maxPendingRequests: found?.maxPendingRequests ?? defaults.maxPendingRequests,
    maxRequests: found?.maxRequests ?? defaults.maxRequests,
    maxRetries: found?.maxRetries ?? defaults.maxRetries,
    retryBudget: found?.retryBudget,
  };
}

export interface Overflow {
  readonly rule: string;
  readonly limit: number;
  readonly inUse: number;
  readonly words: string;
}

/**
 * Why a cluster takes no further request, if so. A request that no connection can carry at once waits; connections are
 * opened up to their limit, and HTTP/2 carries many requests on one. What waits counts against the pending limit.
 */
export function overflow(cluster: Cluster, inUse: InUse): Overflow | "waits" | undefined {
  const limits = thresholdsOf(cluster);
  if (inUse.requests >= limits.maxRequests)
    return { rule: "max_requests", limit: limits.maxRequests, inUse: inUse.requests, words: "requests at a time" };
  if (inUse.pending > 0 && inUse.pending >= limits.maxPendingRequests)
    return {
      rule: "max_pending_requests",
      limit: limits.maxPendingRequests,
      inUse: inUse.pending,
      words: "waiting requests",
    };
  return inUse.connections >= limits.maxConnections && !speaksHttp2(cluster) ? "waits" : undefined;
}

/** Whether the budget for retries is used up, in words. */
export function retriesExhausted(cluster: Cluster, inUse: InUse): string | undefined {
  const { maxRetries, retryBudget } = thresholdsOf(cluster);
  if (retryBudget === undefined) return inUse.retries >= maxRetries ? `${maxRetries} retries at a time` : undefined;
  const percent = retryBudget.budgetPercent?.value ?? 20;
  const least = retryBudget.minRetryConcurrency ?? 3;
  const most = Math.max(least, Math.floor(((inUse.requests + inUse.pending) * percent) / 100));
  return inUse.retries >= most ? `retries for ${percent} % of the requests, at least ${least}` : undefined;
}

export function speaksHttp2(cluster: Cluster): boolean {
  const options = unpack(
    HttpProtocolOptionsSchema,
    cluster.typedExtensionProtocolOptions["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"],
  );
  return (
    options?.upstreamProtocolOptions.case === "explicitHttpConfig" &&
    options.upstreamProtocolOptions.value.protocolConfig.case === "http2ProtocolOptions"
  );
}
