import type { Route, RouteMatch, VirtualHost } from "#gen/envoy/config/route/v3/route_components_pb.ts";
import type { RouteConfiguration } from "#gen/envoy/config/route/v3/route_pb.ts";
import { share } from "./duration.ts";
import { headerOf, pathOnly, queryOf, type HttpRequest } from "./http-message.ts";
import { fullMatch, matchesHeader, matchesQuery, NotUnderstood } from "./text-match.ts";

/** The virtual host for an authority, in Envoy's order: exact, longest suffix wildcard, longest prefix wildcard, `*` (VirtualHost, `domains`). */
export function pickVirtualHost(configuration: RouteConfiguration, authority: string): VirtualHost | undefined {
  const host = (configuration.ignorePortInHostMatching ? authority.replace(/:\d+$/, "") : authority).toLowerCase();
  let best: { rank: number; host: VirtualHost } | undefined;
  for (const candidate of configuration.virtualHosts) {
    for (const domain of candidate.domains) {
      const rank = domainRank(domain.toLowerCase(), host);
      if (rank > 0 && (best === undefined || rank > best.rank)) best = { rank, host: candidate };
    }
  }
  return best?.host;
}

function domainRank(domain: string, host: string): number {
  if (domain === host) return 3_000_000;
  if (domain === "*") return 1;
  if (domain.startsWith("*") && host.endsWith(domain.slice(1)) && host.length > domain.length - 1)
    return 2_000_000 + domain.length;
  if (domain.endsWith("*") && host.startsWith(domain.slice(0, -1)) && host.length > domain.length - 1)
    return 1_000_000 + domain.length;
  return 0;
}

/** The first route that fits. `happens` decides where a route takes only a share. */
export function pickRoute(
  host: VirtualHost,
  request: HttpRequest,
  happens: (share: number) => boolean,
): Route | undefined {
  return host.routes.find(
    (route) =>
      matches(route.match, request) &&
      (route.match?.runtimeFraction === undefined || happens(share(route.match.runtimeFraction.defaultValue))),
  );
}

function matches(match: RouteMatch | undefined, request: HttpRequest): boolean {
  if (match === undefined || !matchesPath(match, request)) return false;
  for (const [part, there] of [
    ["filter_state", match.filterState.length > 0],
    ["dynamic_metadata", match.dynamicMetadata.length > 0],
    ["tls_context", match.tlsContext !== undefined],
  ] as const) {
    if (there) throw new NotUnderstood(`a route's match by ${part}`);
  }
  const header = headerOf(request);
  if (match.grpc !== undefined && !(header("content-type") ?? "").startsWith("application/grpc")) return false;
  const query = queryOf(request.path);
  return (
    match.headers.every((matcher) => matchesHeader(matcher, header)) &&
    match.queryParameters.every((matcher) => matchesQuery(matcher, query))
  );
}

function matchesPath({ pathSpecifier: specifier, caseSensitive }: RouteMatch, { method, path }: HttpRequest): boolean {
  if (specifier.case === "connectMatcher") return method === "CONNECT";
  // A CONNECT has no path: only a connect matcher takes it, or the prefix that is everything.
  if (method === "CONNECT") return false;
  const same = (text: string) => (caseSensitive === false ? text.toLowerCase() : text);
  const plain = same(pathOnly(path));
  switch (specifier.case) {
    case "prefix":
      return same(path).startsWith(same(specifier.value));
    case "path":
      return plain === same(specifier.value);
    case "safeRegex":
      return fullMatch(specifier.value.regex, pathOnly(path));
    case "pathSeparatedPrefix": {
      const prefix = same(specifier.value);
      return plain === prefix || plain.startsWith(`${prefix}/`);
    }
    default:
      throw new NotUnderstood(`a route's match by ${specifier.case ?? "nothing"}`);
  }
}

/** In words, for people: `GET /items*, header x-user`. */
export function matchWords(match: RouteMatch | undefined): string {
  if (match === undefined) return "nothing";
  const { pathSpecifier: specifier } = match;
  const paths = {
    prefix: () => (specifier.value === "/" ? "every path" : `paths that begin with ${String(specifier.value)}`),
    path: () => `the path ${String(specifier.value)}`,
    safeRegex: () => `paths like ${(specifier.value as { regex: string }).regex}`,
    pathSeparatedPrefix: () => `paths below ${String(specifier.value)}`,
    connectMatcher: () => "CONNECT",
  } as Record<string, (() => string) | undefined>;
  const rest = [
    ...match.headers.map(({ name }) =>
      name === ":method" ? "the method" : name.startsWith(":") ? name.slice(1) : `header ${name}`,
    ),
    ...match.queryParameters.map(({ name }) => `query ${name}`),
  ];
  return [paths[specifier.case ?? ""]?.() ?? "some paths", ...(rest.length > 0 ? [`by ${rest.join(", ")}`] : [])].join(
    ", ",
  );
}

export function routeWords(route: Route | undefined): string {
  return route === undefined ? "no route" : route.name === "" ? "a route without a name" : `route ${route.name}`;
}
