import type { EnvoyFilter, EnvoyFilterSpec } from "../objects/istio.ts";
import { head, rateLimitHost, rateLimitPort, seconds } from "./names.ts";
import { limitDescriptors, unitMs, type LimitDescriptor } from "./rate-limits.ts";
import type { Reader } from "./reader.ts";

type Patch = NonNullable<EnvoyFilterSpec["configPatches"]>[number];

/** How long a replica waits for the rate-limit service before it decides by `failOpen`. */
const askTimeoutMs = 250;
/** Values of a header that are limited at a time; beyond that the least recently seen one starts anew. */
const maxDynamicDescriptors = 10_000;

/**
 * Rate limits, for which Istio has no API of its own. `instance`: Envoy's local rate limit, on each replica. `cluster`:
 * Envoy asks the rate-limit service. Both stand behind authorization, just before the router (Envoy: "Local rate limit",
 * "Rate limit"; Istio: "Enabling Rate Limits using Envoy").
 */
export function envoyFilter(namespace: string, app: string, read: Reader): EnvoyFilter | undefined {
  const lane = read.homeLane(app);
  if (read.roster(app)?.segment !== namespace || lane === undefined) return undefined;
  const { rateLimits } = read.part(lane.traffic, "traffic");
  const instance = limitDescriptors(rateLimits, "instance");
  const cluster = limitDescriptors(rateLimits, "cluster");
  if (instance.length + cluster.length === 0) return undefined;
  // One filter cannot fail open for some limits and closed for others: a stage tells them apart.
  const stages = [
    { stage: 0, deny: false, limits: cluster.filter(({ limit }) => limit.failOpen) },
    { stage: 1, deny: true, limits: cluster.filter(({ limit }) => !limit.failOpen) },
  ].filter(({ limits }) => limits.length > 0);
  return {
    ...head("EnvoyFilter", namespace, app, { app }),
    spec: {
      workloadSelector: { labels: { app } },
      configPatches: [
        ...(instance.length > 0 ? [beforeRouter(localRateLimit(instance))] : []),
        ...stages.map(({ stage, deny }) => beforeRouter(rateLimit(rateLimitDomain(app, namespace), stage, deny))),
        ...(stages.length > 0
          ? [onInboundHosts(stages.flatMap(({ stage, limits }) => limits.map(({ actions }) => ({ stage, actions }))))]
          : []),
      ],
    },
  };
}

/** Domain of an app's limits at the rate-limit service. */
export function rateLimitDomain(app: string, segment: string): string {
  return `${app}.${segment}`;
}

function beforeRouter(value: Record<string, unknown>): Patch {
  return {
    applyTo: "HTTP_FILTER",
    match: {
      context: "SIDECAR_INBOUND",
      listener: {
        filterChain: {
          filter: {
            name: "envoy.filters.network.http_connection_manager",
            subFilter: { name: "envoy.filters.http.router" },
          },
        },
      },
    },
    patch: { operation: "INSERT_BEFORE", value },
  };
}

function onInboundHosts(rateLimits: Record<string, unknown>[]): Patch {
  return {
    applyTo: "VIRTUAL_HOST",
    match: { context: "SIDECAR_INBOUND", routeConfiguration: { vhost: { name: "" } } },
    patch: { operation: "MERGE", value: { rate_limits: rateLimits } },
  };
}

function localRateLimit(limits: readonly LimitDescriptor[]): Record<string, unknown> {
  const always = { default_value: { numerator: 100, denominator: "HUNDRED" } };
  return {
    name: "envoy.filters.http.local_ratelimit",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
      stat_prefix: "http_local_rate_limiter",
      filter_enabled: always,
      filter_enforced: always,
      rate_limited_as_resource_exhausted: true,
      max_dynamic_descriptors: maxDynamicDescriptors,
      rate_limits: limits.map(({ actions }) => ({ actions })),
      descriptors: limits.map(({ index, limit }) => ({
        // An entry without a value stands for every value, each with a bucket of its own.
        entries: [
          { key: "limit", value: String(index) },
          ...(limit.per !== undefined ? [{ key: limit.per.header, value: "" }] : []),
        ],
        token_bucket: {
          max_tokens: limit.requests,
          tokens_per_fill: limit.requests,
          fill_interval: seconds(unitMs[limit.unit]),
        },
      })),
    },
  };
}

function rateLimit(domain: string, stage: number, deny: boolean): Record<string, unknown> {
  return {
    name: `envoy.filters.http.ratelimit${stage === 0 ? "" : `.${stage}`}`,
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit",
      domain,
      stage,
      failure_mode_deny: deny,
      timeout: seconds(askTimeoutMs),
      rate_limited_as_resource_exhausted: true,
      rate_limit_service: {
        transport_api_version: "V3",
        grpc_service: {
          envoy_grpc: { cluster_name: `outbound|${rateLimitPort}||${rateLimitHost}`, authority: rateLimitHost },
          timeout: seconds(askTimeoutMs),
        },
      },
    },
  };
}
