import {
  RateLimitPerRouteSchema,
  type RateLimit,
} from "#gen/envoy/extensions/filters/http/ratelimit/v3/rate_limit_pb.ts";
import {
  LocalRateLimitSchema,
  type LocalRateLimit,
} from "#gen/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.ts";
import type { LocalRateLimitDescriptor } from "#gen/envoy/extensions/common/ratelimit/v3/ratelimit_pb.ts";
import type { RateLimit as RouteRateLimit } from "#gen/envoy/config/route/v3/route_components_pb.ts";
import type { TokenBucket } from "#gen/envoy/type/v3/token_bucket_pb.ts";
import { msWords, share, toMs } from "./duration.ts";
import { hostsOf } from "./endpoints.ts";
import { perRoute, type FilterAnswer, type FilterContext, type Routed } from "./filter-context.ts";
import { headerOf } from "./http-message.ts";
import { descriptorsOf, descriptorText, type DescriptorEntry } from "./rate-limit-descriptor.ts";

/** Limits that routes give: the route's own, else the virtual host's (RateLimit filter, `VhRateLimitsOptions`: OVERRIDE). */
function routeLimits({ host, route }: Routed, stage: number): RouteRateLimit[] {
  const own = route?.action.case === "route" ? route.action.value.rateLimits : [];
  const limits = own.length > 0 ? own : (host?.rateLimits ?? []);
  return limits.filter((limit) => (limit.stage ?? 0) === stage);
}

const limited = (context: FilterContext, rule: string, words: string): FilterAnswer => ({
  status: 429,
  rateLimited: true,
  decision: { by: context.proxy.name, flag: "RL", rule, words },
});

/** Envoy's local rate limit: each replica on its own. */
export function localRateLimit(filter: LocalRateLimit, name: string, context: FilterContext): FilterAnswer | undefined {
  const own = perRoute(LocalRateLimitSchema, name, context.routed);
  if (own === "disabled") return undefined;
  const config = own ?? filter;
  const { walk, proxy, connection, request } = context;
  if (
    !walk.happens(share(config.filterEnabled?.defaultValue)) ||
    !walk.happens(share(config.filterEnforced?.defaultValue))
  )
    return undefined;
  const made = descriptorsOf(
    config.rateLimits.length > 0 ? config.rateLimits : routeLimits(context.routed, config.stage),
    headerOf(request),
  );
  const matched = made
    .flatMap((entries) => {
      const descriptor = config.descriptors.find((candidate) => fits(candidate, entries));
      return descriptor === undefined ? [] : [{ entries, bucket: descriptor.tokenBucket }];
    })
    .sort((a, b) => fillRate(a.bucket) - fillRate(b.bucket));
  const buckets = [
    ...matched,
    ...(config.tokenBucket === undefined || (matched.length > 0 && config.alwaysConsumeDefaultTokenBucket === false)
      ? []
      : [{ entries: [], bucket: config.tokenBucket }]),
  ];
  const place = `${proxy.name} ${connection.address}`;
  for (const { entries, bucket } of buckets) {
    const descriptor = descriptorText(entries);
    const words = `${amount(bucket)} on each replica${descriptor === "" ? "" : ` (${descriptor})`}`;
    if (!walk.takeToken(place, descriptor, entries[0]?.value ?? "", bucket?.maxTokens ?? 0)) {
      walk.step(proxy, "rate limit", descriptor || "all requests", `${words}: no token is left`);
      return limited(context, descriptor || "all requests", `${proxy.name} takes ${words}, and no token is left`);
    }
    walk.step(proxy, "rate limit", descriptor || "all requests", `${words}: takes a token`);
  }
  return undefined;
}

/** An entry without a value stands for every value. */
function fits({ entries }: LocalRateLimitDescriptor, made: readonly DescriptorEntry[]): boolean {
  return (
    entries.length === made.length &&
    entries.every(({ key, value }, index) => key === made[index]!.key && (value === "" || value === made[index]!.value))
  );
}

function fillRate(bucket: TokenBucket | undefined): number {
  return bucket === undefined ? 0 : (bucket.tokensPerFill ?? 1) / (toMs(bucket.fillInterval) ?? 1);
}

function amount(bucket: TokenBucket | undefined): string {
  const per = toMs(bucket?.fillInterval) ?? 0;
  const unit =
    { 1000: "a second", 60_000: "a minute", 3_600_000: "an hour", 86_400_000: "a day" }[per] ?? `in ${msWords(per)}`;
  return `${bucket?.maxTokens ?? 0} requests ${unit}`;
}

/** The rate-limit service: all replicas together. Its limits aren't Envoy's: whether tokens are left is stated. */
export function globalRateLimit(filter: RateLimit, name: string, context: FilterContext): FilterAnswer | undefined {
  const own = perRoute(RateLimitPerRouteSchema, name, context.routed);
  if (own === "disabled") return undefined;
  const { walk, proxy, request } = context;
  const limits =
    own !== undefined && own.rateLimits.length > 0
      ? own.rateLimits
      : filter.rateLimits.length > 0
        ? filter.rateLimits
        : routeLimits(context.routed, filter.stage);
  const made = descriptorsOf(limits, headerOf(request));
  if (made.length === 0) return undefined;
  const domain = own !== undefined && own.domain !== "" ? own.domain : filter.domain;
  const service = filter.rateLimitService?.grpcService?.targetSpecifier;
  const cluster = service?.case === "envoyGrpc" ? service.value.clusterName : "";
  const texts = made.map(descriptorText);
  const rule = `${domain} ${texts.join(" and ")}`;
  if (!walk.stated.rateLimitService || hostsOf(proxy, proxy.cluster(cluster)).length === 0) {
    walk.step(
      proxy,
      "rate limit",
      rule,
      `the rate-limit service doesn't answer: the limit fails ${filter.failureModeDeny ? "closed" : "open"}`,
    );
    if (!filter.failureModeDeny) return undefined;
    return {
      status: filter.statusOnError?.code || 500,
      decision: {
        by: proxy.name,
        flag: "RLSE",
        rule,
        words: `the rate-limit service doesn't answer ${proxy.name}, and this limit fails closed`,
      },
    };
  }
  for (const [index, entries] of made.entries()) {
    if (!walk.takeToken(domain, texts[index]!, entries[0]?.value ?? "", Number.POSITIVE_INFINITY)) {
      walk.step(proxy, "rate limit", `${domain} ${texts[index]!}`, "the rate-limit service has no token left");
      return {
        ...limited(
          context,
          `${domain} ${texts[index]!}`,
          `the rate-limit service has no token left for ${texts[index]!} of ${domain}`,
        ),
        ...(filter.disableXEnvoyRatelimitedHeader && { rateLimited: false }),
      };
    }
  }
  walk.step(proxy, "rate limit", rule, "the rate-limit service gives a token");
  return undefined;
}
