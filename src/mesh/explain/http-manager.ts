import {
  VirtualHost_TlsRequirementType as TlsRequirement,
  type RouteAction,
} from "#gen/envoy/config/route/v3/route_components_pb.ts";
import type { HttpConnectionManager } from "#gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { plus, type Connection, type Decision, type Reply } from "./exchange.ts";
import type { FilterContext, Routed } from "./filter-context.ts";
import { httpFilter } from "./http-filters.ts";
import { headerOf, normalizePath, withHeaderOperations, type HttpRequest } from "./http-message.ts";
import { objectOf, objectWords, type OpenProxy } from "./open-proxy.ts";
import { matchWords, pickRoute, pickVirtualHost, routeWords } from "./pick-route.ts";
import { forward } from "./router.ts";
import { NotUnderstood } from "./text-match.ts";
import type { Enter } from "./upstream.ts";
import type { Walk } from "./walk.ts";

/** A request through a connection manager: route first, then the filters in their order, then what the route says. */
export function serveHttp(
  walk: Walk,
  proxy: OpenProxy,
  manager: HttpConnectionManager,
  connection: Connection,
  asked: HttpRequest,
  enter: Enter,
): Reply {
  const path = manager.normalizePath === true && asked.method !== "CONNECT" ? normalizePath(asked.path) : asked.path;
  const request: HttpRequest = {
    ...asked,
    path: manager.mergeSlashes ? path.replace(/^[^?]*/, (plain) => plain.replace(/\/{2,}/g, "/")) : path,
  };
  const local = (status: number, decision: Omit<Decision, "by">): Reply => ({
    kind: "reply",
    status,
    after: { from: context.delayMs, to: context.delayMs },
    decision: { by: proxy.name, ...decision },
  });

  const context: FilterContext = {
    walk,
    proxy,
    connection,
    request,
    routed: findRoute(walk, proxy, manager, request),
    metadata: {},
    delayMs: 0,
  };
  if (
    request.method === "CONNECT" &&
    !manager.upgradeConfigs.some(
      ({ upgradeType, enabled }) => upgradeType.toUpperCase() === "CONNECT" && enabled !== false,
    )
  ) {
    return local(403, { rule: manager.statPrefix, words: `${proxy.name} takes no CONNECT here` });
  }
  const { host, route } = context.routed;
  if (host !== undefined && host.requireTls !== TlsRequirement.NONE && !connection.tls)
    return local(301, { rule: host.name, words: `${proxy.name} sends plain HTTP to HTTPS` });
  for (const filter of manager.httpFilters) {
    const answer = walk.attempt(proxy.name, () => httpFilter(filter, context), undefined);
    if (answer !== undefined)
      return {
        kind: "reply",
        status: answer.status,
        after: { from: context.delayMs, to: context.delayMs },
        decision: answer.decision,
        ...(answer.rateLimited === true && { rateLimited: true }),
      };
  }
  const object = objectOf(route?.metadata);
  const facts = { rule: routeWords(route), ...(object !== undefined && { object }) };
  if (host === undefined)
    return local(404, {
      flag: "NR",
      rule: "no virtual host",
      words: `${proxy.name} has no virtual host for ${request.authority}`,
    });
  if (route === undefined)
    return local(404, {
      flag: "NR",
      rule: host.name,
      words: `none of the ${host.routes.length} routes of ${host.name} in ${proxy.name} takes ${request.method} ${request.path}`,
    });
  switch (route.action.case) {
    case "directResponse": {
      const { status } = route.action.value;
      const words =
        object === undefined && status === 502 && host.domains.includes("*")
          ? `${request.authority} isn't among what ${proxy.name} may call: nobody declared that call (${facts.rule})`
          : `${proxy.name} answers so itself (${object === undefined ? "" : `${objectWords(object)}, `}${facts.rule})`;
      return local(status, { ...facts, words });
    }
    case "redirect":
      return local([301, 302, 303, 307, 308][route.action.value.responseCode] ?? 301, {
        ...facts,
        words: `${proxy.name} redirects`,
      });
    case "route": {
      const cluster = clusterOf(route.action.value, context.routed, request);
      if (cluster === undefined)
        return local(503, { ...facts, flag: "NC", words: `${facts.rule} of ${proxy.name} leads nowhere` });
      const reply = forward(
        context,
        route.action.value,
        cluster,
        rewritten(route.action.value, context.routed, request),
        enter,
      );
      return { ...reply, after: plus(reply.after, { from: context.delayMs, to: context.delayMs }) };
    }
    default:
      throw new NotUnderstood(`a route's action "${route.action.case ?? "empty"}"`);
  }
}

function findRoute(walk: Walk, proxy: OpenProxy, manager: HttpConnectionManager, request: HttpRequest): Routed {
  const { routeSpecifier } = manager;
  const configuration =
    routeSpecifier.case === "routeConfig"
      ? routeSpecifier.value
      : routeSpecifier.case === "rds"
        ? proxy.routes(routeSpecifier.value.routeConfigName)
        : undefined;
  const host = configuration === undefined ? undefined : pickVirtualHost(configuration, request.authority);
  if (host === undefined) {
    walk.step(proxy, "virtual host", configuration?.name ?? "no routes", `none for ${request.authority}`);
    return { configuration, host, route: undefined, weighted: undefined };
  }
  const route = pickRoute(host, request, (share) => walk.happens(share));
  if (route === undefined) {
    walk.step(proxy, "route", host.name, `none takes ${request.method} ${request.path}`);
    return { configuration, host, route, weighted: undefined };
  }
  const clusters =
    route.action.case === "route" && route.action.value.clusterSpecifier.case === "weightedClusters"
      ? route.action.value.clusterSpecifier.value.clusters
      : [];
  const weighted = clusters.length === 0 ? undefined : clusters[walk.choose(clusters.map(({ weight }) => weight ?? 0))];
  const share =
    weighted === undefined
      ? ""
      : `; by weight ${weighted.weight ?? 0} of ${clusters.reduce((sum, { weight }) => sum + (weight ?? 0), 0)} to ${weighted.name}`;
  walk.step(
    proxy,
    "route",
    routeWords(route),
    `of ${host.name}: takes ${matchWords(route.match)}${share}`,
    objectOf(route.metadata),
  );
  return { configuration, host, route, weighted };
}

function clusterOf(
  { clusterSpecifier: specifier }: RouteAction,
  { weighted }: Routed,
  request: HttpRequest,
): string | undefined {
  switch (specifier.case) {
    case "cluster":
      return specifier.value;
    case "weightedClusters":
      return weighted?.name;
    case "clusterHeader":
      return headerOf(request)(specifier.value.toLowerCase());
    default:
      throw new NotUnderstood(`a destination "${specifier.case ?? "empty"}"`);
  }
}

/** The request as it leaves the proxy: path, host and headers as the route says, and what Envoy itself adds. */
function rewritten(
  action: RouteAction,
  { configuration, host, route, weighted }: Routed,
  request: HttpRequest,
): HttpRequest {
  const literal =
    weighted?.hostRewriteSpecifier.case === "hostRewriteLiteral"
      ? weighted.hostRewriteSpecifier.value
      : action.hostRewriteSpecifier.case === "hostRewriteLiteral"
        ? action.hostRewriteSpecifier.value
        : undefined;
  const matched = route?.match?.pathSpecifier;
  let { path } = request;
  if (action.prefixRewrite !== "") {
    const length =
      matched?.case === "prefix" || matched?.case === "pathSeparatedPrefix"
        ? matched.value.length
        : matched?.case === "path"
          ? matched.value.length
          : path.replace(/\?.*$/s, "").length;
    path = action.prefixRewrite + path.slice(length);
  } else if (action.regexRewrite !== undefined) {
    const at = path.indexOf("?");
    const plain = at < 0 ? path : path.slice(0, at);
    path =
      plain.replaceAll(
        new RegExp(action.regexRewrite.pattern?.regex ?? "$^", "g"),
        action.regexRewrite.substitution.replaceAll("$", "$$$$").replace(/\\(\d)/g, "$$$1"),
      ) + (at < 0 ? "" : path.slice(at));
  }
  const operated = withHeaderOperations(request, [weighted, route, host, configuration]);
  return {
    ...operated,
    path,
    authority: literal ?? request.authority,
    headers: { "x-forwarded-proto": request.scheme, "x-request-id": "made up by the proxy", ...operated.headers },
  };
}
