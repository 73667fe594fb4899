import { CorsPolicySchema, CorsSchema } from "#gen/envoy/extensions/filters/http/cors/v3/cors_pb.ts";
import { FilterConfigSchema as ForwardProxySchema } from "#gen/envoy/extensions/filters/http/dynamic_forward_proxy/v3/dynamic_forward_proxy_pb.ts";
import { HTTPFaultSchema, type HTTPFault } from "#gen/envoy/extensions/filters/http/fault/v3/fault_pb.ts";
import { JwtAuthenticationSchema } from "#gen/envoy/extensions/filters/http/jwt_authn/v3/config_pb.ts";
import { LocalRateLimitSchema } from "#gen/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.ts";
import { RateLimitSchema } from "#gen/envoy/extensions/filters/http/ratelimit/v3/rate_limit_pb.ts";
import { RBACPerRouteSchema, RBACSchema, type RBAC } from "#gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.ts";
import { RouterSchema } from "#gen/envoy/extensions/filters/http/router/v3/router_pb.ts";
import type { HttpFilter } from "#gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { msWords, share, toMs } from "./duration.ts";
import { perRoute, type FilterAnswer, type FilterContext } from "./filter-context.ts";
import { headerOf } from "./http-message.ts";
import { jwtAuthn } from "./jwt-filter.ts";
import { objectOf, objectWords, unpack } from "./open-proxy.ts";
import { routeWords } from "./pick-route.ts";
import { globalRateLimit, localRateLimit } from "./rate-limit-filters.ts";
import { judge } from "./rbac.ts";
import { matchesHeader, matchesText, NotUnderstood } from "./text-match.ts";

/** Runs one filter. Undefined: the request goes on. */
export function httpFilter(
  { name, configType, disabled }: HttpFilter,
  context: FilterContext,
): FilterAnswer | undefined {
  if (disabled || configType.case !== "typedConfig") return undefined;
  const config = configType.value;
  if (unpack(RouterSchema, config) || unpack(ForwardProxySchema, config)) return undefined;
  const faults = unpack(HTTPFaultSchema, config);
  if (faults) return fault(faults, name, context);
  if (unpack(CorsSchema, config)) return cors(name, context);
  const rules = unpack(RBACSchema, config);
  if (rules) return rbac(rules, name, context);
  const local = unpack(LocalRateLimitSchema, config);
  if (local) return localRateLimit(local, name, context);
  const global = unpack(RateLimitSchema, config);
  if (global) return globalRateLimit(global, name, context);
  const jwt = unpack(JwtAuthenticationSchema, config);
  if (jwt) return jwtAuthn(jwt, context);
  throw new NotUnderstood(`the filter ${name}`);
}

function fault(filter: HTTPFault, name: string, context: FilterContext): FilterAnswer | undefined {
  const own = perRoute(HTTPFaultSchema, name, context.routed);
  if (own === "disabled") return undefined;
  const { delay, abort, headers } = own ?? filter;
  const { walk, proxy, request, routed } = context;
  if (!headers.every((matcher) => matchesHeader(matcher, headerOf(request)))) return undefined;
  const object = objectOf(routed.route?.metadata);
  const rule = routeWords(routed.route);
  const delayMs = delay?.faultDelaySecifier.case === "fixedDelay" ? (toMs(delay.faultDelaySecifier.value) ?? 0) : 0;
  if (delayMs > 0 && walk.happens(share(delay?.percentage))) {
    context.delayMs += delayMs;
    walk.step(proxy, "fault", rule, `holds the request up for ${msWords(delayMs)}`, object);
  }
  if (abort === undefined || !walk.happens(share(abort.percentage))) return undefined;
  if (abort.errorType.case !== "httpStatus") throw new NotUnderstood("a fault with a gRPC status");
  const status = abort.errorType.value;
  walk.step(proxy, "fault", rule, `answers ${status}`, object);
  return {
    status,
    decision: {
      by: proxy.name,
      flag: "FI",
      rule,
      ...(object !== undefined && { object }),
      words: `${proxy.name} answers so on purpose: a fault${object === undefined ? "" : ` of ${objectWords(object)}`}`,
    },
  };
}

function cors(name: string, { routed, request, walk, proxy }: FilterContext): FilterAnswer | undefined {
  const policy = perRoute(CorsPolicySchema, name, routed);
  if (policy === undefined || policy === "disabled") return undefined;
  const origin = request.headers["origin"];
  if (
    request.method !== "OPTIONS" ||
    origin === undefined ||
    request.headers["access-control-request-method"] === undefined
  )
    return undefined;
  if (!policy.allowOriginStringMatch.some((matcher) => matchesText(matcher, origin))) return undefined;
  walk.step(proxy, "CORS", routeWords(routed.route), "answers the preflight request itself");
  return {
    status: 200,
    decision: {
      by: proxy.name,
      rule: routeWords(routed.route),
      words: `${proxy.name} answers the CORS preflight itself`,
    },
  };
}

function rbac(
  filter: RBAC,
  name: string,
  { walk, proxy, connection, request, metadata, routed }: FilterContext,
): FilterAnswer | undefined {
  const own = perRoute(RBACPerRouteSchema, name, routed);
  if (own === "disabled") return undefined;
  const rules = own === undefined ? filter.rules : own.rbac?.rules;
  if (rules === undefined) {
    if ((own === undefined ? filter : own.rbac)?.matcher !== undefined)
      throw new NotUnderstood("authorization by a matcher tree");
    return undefined;
  }
  const { allowed, policy } = judge(rules, { connection, request, metadata });
  const { rule, object } = policyNames(policy);
  const who = connection.identity ?? "a caller without a certificate";
  walk.step(
    proxy,
    "authorization",
    rule,
    allowed
      ? policy === undefined
        ? "nothing denies it"
        : `allows ${who}`
      : policy === undefined
        ? `no rule allows ${who} to ${request.method} ${request.path}`
        : `denies ${who}`,
    object,
  );
  if (allowed) return undefined;
  const words =
    policy === undefined
      ? `no AuthorizationPolicy of ${proxy.name} allows ${who} to ${request.method} ${request.path}`
      : `${objectWords(object ?? policy)} of ${proxy.name} denies ${who} to ${request.method} ${request.path}`;
  return { status: 403, decision: { by: proxy.name, rule, ...(object !== undefined && { object }), words } };
}

/** `ns[food]-policy[pricing]-rule[0]`, as istiod names policies. */
export function policyNames(policy: string | undefined): { rule: string; object?: string } {
  if (policy === undefined) return { rule: "no rule matches" };
  const parts = /^ns\[(.*)\]-policy\[(.*)\]-rule\[(\d+)\]$/.exec(policy);
  return parts === null
    ? { rule: policy }
    : { rule: `rule ${parts[3]!}`, object: `AuthorizationPolicy/${parts[1]!}/${parts[2]!}` };
}
