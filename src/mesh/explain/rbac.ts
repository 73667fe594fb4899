import { RBAC_Action, type Permission, type Principal, type RBAC } from "#gen/envoy/config/rbac/v3/rbac_pb.ts";
import type { MetadataMatcher } from "#gen/envoy/type/matcher/v3/metadata_pb.ts";
import type { ValueMatcher } from "#gen/envoy/type/matcher/v3/value_pb.ts";
import type { Connection } from "./exchange.ts";
import { headerOf, pathOnly, type HttpRequest } from "./http-message.ts";
import { matchesHeader, matchesText, NotUnderstood, type HeaderOf } from "./text-match.ts";

/** What rules may look at. On a plain TCP port there is no request. */
export interface Subject {
  readonly connection: Connection;
  readonly request: HttpRequest | undefined;
  /** Dynamic metadata that earlier filters left: filter → value. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface Verdict {
  readonly allowed: boolean;
  /** The policy that matched; undefined: none did. */
  readonly policy: string | undefined;
}

/** Policies are tried in the order of their names; the first that matches is the one (Envoy, RBAC). */
export function judge(rules: RBAC, subject: Subject): Verdict {
  const header = subject.request === undefined ? () => undefined : headerOf(subject.request);
  const names = Object.keys(rules.policies).sort();
  const policy = names.find((name) => {
    const { permissions, principals, condition, checkedCondition } = rules.policies[name]!;
    if (condition !== undefined || checkedCondition !== undefined) throw new NotUnderstood("a policy's CEL condition");
    return (
      permissions.some((rule) => permits(rule, subject, header)) && principals.some((id) => is(id, subject, header))
    );
  });
  if (rules.action === RBAC_Action.LOG) return { allowed: true, policy };
  return { allowed: (policy !== undefined) === (rules.action === RBAC_Action.ALLOW), policy };
}

function permits({ rule }: Permission, subject: Subject, header: HeaderOf): boolean {
  const { connection, request } = subject;
  switch (rule.case) {
    case "any":
      return rule.value;
    case "andRules":
      return rule.value.rules.every((each) => permits(each, subject, header));
    case "orRules":
      return rule.value.rules.some((each) => permits(each, subject, header));
    case "notRule":
      return !permits(rule.value, subject, header);
    case "header":
      return matchesHeader(rule.value, header);
    case "urlPath":
      return (
        request !== undefined &&
        rule.value.rule.case === "path" &&
        matchesText(rule.value.rule.value, pathOnly(request.path))
      );
    case "destinationPort":
      return connection.port === rule.value;
    case "destinationPortRange":
      return connection.port >= rule.value.start && connection.port < rule.value.end;
    case "destinationIp":
      return inBlock(connection.address, rule.value.addressPrefix, rule.value.prefixLen ?? 0);
    case "requestedServerName":
      return matchesText(rule.value, connection.sni);
    case "sourcedMetadata":
      return matchesMetadata(rule.value.metadataMatcher, subject);
    case "metadata":
      return matchesMetadata(rule.value, subject);
    default:
      throw new NotUnderstood(`a permission "${rule.case ?? "empty"}"`);
  }
}

function is({ identifier }: Principal, subject: Subject, header: HeaderOf): boolean {
  const { connection, request } = subject;
  switch (identifier.case) {
    case "any":
      return identifier.value;
    case "andIds":
      return identifier.value.ids.every((each) => is(each, subject, header));
    case "orIds":
      return identifier.value.ids.some((each) => is(each, subject, header));
    case "notId":
      return !is(identifier.value, subject, header);
    case "authenticated": {
      if (!connection.tls || connection.identity === undefined) return false;
      const { principalName } = identifier.value;
      return principalName === undefined || matchesText(principalName, connection.identity);
    }
    case "header":
      return matchesHeader(identifier.value, header);
    case "urlPath":
      return (
        request !== undefined &&
        identifier.value.rule.case === "path" &&
        matchesText(identifier.value.rule.value, pathOnly(request.path))
      );
    case "sourcedMetadata":
      return matchesMetadata(identifier.value.metadataMatcher, subject);
    case "metadata":
      return matchesMetadata(identifier.value, subject);
    default:
      throw new NotUnderstood(`a principal "${identifier.case ?? "empty"}"`);
  }
}

function matchesMetadata(matcher: MetadataMatcher | undefined, { metadata }: Subject): boolean {
  if (matcher === undefined) return false;
  let value: unknown = metadata[matcher.filter];
  for (const { segment } of matcher.path)
    value =
      typeof value === "object" && value !== null && segment.case === "key"
        ? (value as Record<string, unknown>)[segment.value]
        : undefined;
  return (matcher.value === undefined ? value !== undefined : matchesValue(matcher.value, value)) !== matcher.invert;
}

function matchesValue({ matchPattern: pattern }: ValueMatcher, value: unknown): boolean {
  switch (pattern.case) {
    case "stringMatch":
      return typeof value === "string" && matchesText(pattern.value, value);
    case "boolMatch":
      return value === pattern.value;
    case "presentMatch":
      return (value !== undefined) === pattern.value;
    case "nullMatch":
      return value === null;
    case "orMatch":
      return pattern.value.valueMatchers.some((each) => matchesValue(each, value));
    case "listMatch": {
      const one = pattern.value.matchPattern.case === "oneOf" ? pattern.value.matchPattern.value : undefined;
      return Array.isArray(value) && one !== undefined && value.some((entry) => matchesValue(one, entry));
    }
    default:
      throw new NotUnderstood(`a value matcher "${pattern.case ?? "empty"}"`);
  }
}

function inBlock(address: string, prefix: string, length: number): boolean {
  const bits = (text: string) => text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  if (!/^[\d.]+$/.test(address) || !/^[\d.]+$/.test(prefix)) return address === prefix;
  const size = 2 ** (32 - length);
  return Math.floor(bits(address) / size) === Math.floor(bits(prefix) / size);
}
