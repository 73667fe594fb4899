import type { HeaderMatcher, QueryParameterMatcher } from "#gen/envoy/config/route/v3/route_components_pb.ts";
import type { StringMatcher } from "#gen/envoy/type/matcher/v3/string_pb.ts";

/** Something in a configuration that explain doesn't understand. */
export class NotUnderstood extends Error {}

const patterns = new Map<string, RegExp>();

/** A whole text against an RE2 expression. What both dialects know means the same; inline flags are only known as a prefix. */
export function fullMatch(expression: string, text: string): boolean {
  let pattern = patterns.get(expression);
  if (pattern === undefined) {
    const flags = /^\(\?([is]+)\)/.exec(expression);
    try {
      pattern = new RegExp(`^(?:${expression.slice(flags?.[0].length ?? 0)})$`, flags?.[1] ?? "");
    } catch {
      throw new NotUnderstood(`the regular expression ${expression}`);
    }
    patterns.set(expression, pattern);
  }
  return pattern.test(text);
}

export function matchesText({ matchPattern, ignoreCase }: StringMatcher, text: string): boolean {
  if (matchPattern.case === "safeRegex") return fullMatch(matchPattern.value.regex, text);
  if (typeof matchPattern.value !== "string")
    throw new NotUnderstood(`a string matcher "${matchPattern.case ?? "empty"}"`);
  const wanted = ignoreCase ? matchPattern.value.toLowerCase() : matchPattern.value;
  const found = ignoreCase ? text.toLowerCase() : text;
  switch (matchPattern.case) {
    case "exact":
      return found === wanted;
    case "prefix":
      return found.startsWith(wanted);
    case "suffix":
      return found.endsWith(wanted);
    case "contains":
      return found.includes(wanted);
    default:
      throw new NotUnderstood("a string matcher");
  }
}

/** A header's value, pseudo headers too; undefined: it isn't there. */
export type HeaderOf = (name: string) => string | undefined;

/** Envoy's rule: a missing header fails, inverted or not, unless it counts as empty (HeaderMatcher, `treat_missing_header_as_empty`). */
export function matchesHeader(matcher: HeaderMatcher, headerOf: HeaderOf): boolean {
  const { headerMatchSpecifier: specifier, invertMatch } = matcher;
  const found = headerOf(matcher.name.toLowerCase());
  if (specifier.case === undefined) return (found !== undefined) !== invertMatch;
  if (specifier.case === "presentMatch") return ((found !== undefined) === specifier.value) !== invertMatch;
  if (found === undefined && !matcher.treatMissingHeaderAsEmpty) return false;
  return valueMatches(specifier, found ?? "") !== invertMatch;
}

function valueMatches(specifier: HeaderMatcher["headerMatchSpecifier"], value: string): boolean {
  switch (specifier.case) {
    case "stringMatch":
      return matchesText(specifier.value, value);
    case "exactMatch":
      return value === specifier.value;
    case "prefixMatch":
      return value.startsWith(specifier.value);
    case "suffixMatch":
      return value.endsWith(specifier.value);
    case "containsMatch":
      return value.includes(specifier.value);
    case "safeRegexMatch":
      return fullMatch(specifier.value.regex, value);
    case "rangeMatch":
      return /^-?\d+$/.test(value) && BigInt(value) >= specifier.value.start && BigInt(value) < specifier.value.end;
    default:
      throw new NotUnderstood(`a header matcher "${specifier.case ?? "empty"}"`);
  }
}

/** The first value of a parameter counts. */
export function matchesQuery(
  { name, queryParameterMatchSpecifier: specifier }: QueryParameterMatcher,
  query: URLSearchParams,
): boolean {
  const found = query.get(name);
  if (specifier.case === "stringMatch") return found !== null && matchesText(specifier.value, found);
  return (found !== null) === (specifier.case === "presentMatch" ? specifier.value : true);
}
