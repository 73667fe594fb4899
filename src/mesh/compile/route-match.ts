import type {
  HeaderMatcherSchema,
  QueryParameterMatcherSchema,
  RouteMatchSchema,
} from "#gen/envoy/config/route/v3/route_components_pb.ts";
import type { StringMatcherSchema } from "#gen/envoy/type/matcher/v3/string_pb.ts";
import type { HTTPMatchRequest, StringMatch } from "../../objects/istio.ts";
import type { Init } from "./encode.ts";

export function stringMatcher(match: StringMatch, ignoreCase = false): Init<typeof StringMatcherSchema> {
  if (match.exact !== undefined) return { matchPattern: { case: "exact", value: match.exact }, ignoreCase };
  if (match.prefix !== undefined) return { matchPattern: { case: "prefix", value: match.prefix }, ignoreCase };
  return { matchPattern: { case: "safeRegex", value: { regex: match.regex ?? "" } } };
}

/** An empty match means: the header is there. */
export function headerMatcher(name: string, match: StringMatch, invert = false): Init<typeof HeaderMatcherSchema> {
  const isEmpty = match.exact === undefined && match.prefix === undefined && match.regex === undefined;
  return {
    name,
    invertMatch: invert,
    headerMatchSpecifier: isEmpty
      ? { case: "presentMatch", value: true }
      : { case: "stringMatch", value: stringMatcher(match) },
    ...(invert && !isEmpty ? { treatMissingHeaderAsEmpty: true } : {}),
  };
}

function queryMatcher(name: string, match: StringMatch): Init<typeof QueryParameterMatcherSchema> {
  if (match.exact === undefined && match.prefix === undefined && match.regex === undefined)
    return { name, queryParameterMatchSpecifier: { case: "presentMatch", value: true } };
  return { name, queryParameterMatchSpecifier: { case: "stringMatch", value: stringMatcher(match) } };
}

function path(uri: StringMatch | undefined): NonNullable<Init<typeof RouteMatchSchema>["pathSpecifier"]> {
  if (uri?.exact !== undefined) return { case: "path", value: uri.exact };
  if (uri?.regex !== undefined) return { case: "safeRegex", value: { regex: uri.regex } };
  return { case: "prefix", value: uri?.prefix ?? "/" };
}

/** One HTTPMatchRequest (undefined: everything) as a route's match. What says which proxies it is for is decided earlier. */
export function routeMatch(match: HTTPMatchRequest | undefined): Init<typeof RouteMatchSchema> {
  if (match === undefined) return { pathSpecifier: path(undefined) };
  const headers = Object.entries(match.headers ?? {}).map(([name, value]) => headerMatcher(name, value));
  for (const [name, value] of Object.entries(match.withoutHeaders ?? {}))
    headers.push(headerMatcher(name, value, true));
  if (match.method !== undefined) headers.push(headerMatcher(":method", match.method));
  if (match.authority !== undefined) headers.push(headerMatcher(":authority", match.authority));
  if (match.scheme !== undefined) headers.push(headerMatcher(":scheme", match.scheme));
  return {
    pathSpecifier: path(match.uri),
    ...(match.ignoreUriCase === true ? { caseSensitive: false } : {}),
    headers,
    queryParameters: Object.entries(match.queryParams ?? {}).map(([name, value]) => queryMatcher(name, value)),
  };
}
