import { MetadataSource, type PermissionSchema, type PrincipalSchema } from "#gen/envoy/config/rbac/v3/rbac_pb.ts";
import type { HeaderMatcherSchema } from "#gen/envoy/config/route/v3/route_components_pb.ts";
import type { StringMatcherSchema } from "#gen/envoy/type/matcher/v3/string_pb.ts";
import type { ValueMatcherSchema } from "#gen/envoy/type/matcher/v3/value_pb.ts";
import type { Init } from "./encode.ts";

export type Permission = Init<typeof PermissionSchema>;
export type Principal = Init<typeof PrincipalSchema>;
type Matcher = Init<typeof StringMatcherSchema>;

export const jwtFilter = "envoy.filters.http.jwt_authn";
/** The key under which the JWT filter leaves a verified token's claims. */
export const jwtPayload = "payload";

/** `*` alone means present, `x*` begins so, `*x` ends so, anything else is exact (Istio reference, AuthorizationPolicy). */
export function wildcard(value: string, prefix = "", ignoreCase = false): Matcher {
  if (value === "*") return { matchPattern: { case: "safeRegex", value: { regex: ".+" } } };
  if (value.startsWith("*"))
    return prefix === ""
      ? { matchPattern: { case: "suffix", value: value.slice(1) }, ignoreCase }
      : { matchPattern: { case: "safeRegex", value: { regex: `${escape(prefix)}.*${escape(value.slice(1))}` } } };
  if (value.endsWith("*")) return { matchPattern: { case: "prefix", value: prefix + value.slice(0, -1) }, ignoreCase };
  return { matchPattern: { case: "exact", value: prefix + value }, ignoreCase };
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** One of them must hold. An empty list never holds. */
export function anyPermission(rules: Permission[]): Permission {
  return rules.length === 1 ? rules[0]! : { rule: { case: "orRules", value: { rules } } };
}
export function allPermissions(rules: Permission[]): Permission {
  return rules.length === 0
    ? { rule: { case: "any", value: true } }
    : rules.length === 1
      ? rules[0]!
      : { rule: { case: "andRules", value: { rules } } };
}
export function notPermission(rule: Permission): Permission {
  return { rule: { case: "notRule", value: rule } };
}
export function anyPrincipal(ids: Principal[]): Principal {
  return ids.length === 1 ? ids[0]! : { identifier: { case: "orIds", value: { ids } } };
}
export function allPrincipals(ids: Principal[]): Principal {
  return ids.length === 0
    ? { identifier: { case: "any", value: true } }
    : ids.length === 1
      ? ids[0]!
      : { identifier: { case: "andIds", value: { ids } } };
}
export function notPrincipal(id: Principal): Principal {
  return { identifier: { case: "notId", value: id } };
}

export function header(name: string, value: string, ignoreCase = false): Init<typeof HeaderMatcherSchema> {
  return value === "*"
    ? { name, headerMatchSpecifier: { case: "presentMatch", value: true } }
    : { name, headerMatchSpecifier: { case: "stringMatch", value: wildcard(value, "", ignoreCase) } };
}

/** The certificate's SPIFFE identity. `cluster.local/…` means the mesh's own trust domain, whatever it is called. */
export function peer(principal: string, trustDomain: string): Principal {
  const own = principal.startsWith("cluster.local/")
    ? `${trustDomain}${principal.slice("cluster.local".length)}`
    : principal;
  return {
    identifier: { case: "authenticated", value: { principalName: wildcard(own, own === "*" ? "" : "spiffe://") } },
  };
}

export function peerNamespace(namespace: string): Principal {
  const parts = namespace.split("*").map(escape).join(".*");
  return {
    identifier: {
      case: "authenticated",
      value: { principalName: { matchPattern: { case: "safeRegex", value: { regex: `.*/ns/${parts}/.*` } } } },
    },
  };
}

export function cidr(block: string): { addressPrefix: string; prefixLen: number } {
  const [addressPrefix = "", length] = block.split("/");
  return { addressPrefix, prefixLen: length === undefined ? (addressPrefix.includes(":") ? 128 : 32) : Number(length) };
}

/** A claim of the verified token, also inside lists: `claim(["groups"], "admin")`. */
export function claim(path: readonly string[], value: Matcher): Principal {
  const text = textValue(value);
  const inList = {
    matchPattern: { case: "listMatch" as const, value: { matchPattern: { case: "oneOf" as const, value: text } } },
  };
  return claimValue(path, { matchPattern: { case: "orMatch", value: { valueMatchers: [text, inList] } } });
}

function textClaim(name: string, value: Matcher): Principal {
  return claimValue([name], textValue(value));
}

function textValue(value: Matcher) {
  return { matchPattern: { case: "stringMatch" as const, value } };
}

function claimValue(path: readonly string[], value: Init<typeof ValueMatcherSchema>): Principal {
  return {
    identifier: {
      case: "sourcedMetadata",
      value: {
        metadataMatcher: {
          filter: jwtFilter,
          path: [jwtPayload, ...path].map((key) => ({ segment: { case: "key" as const, value: key } })),
          value,
        },
        metadataSource: MetadataSource.DYNAMIC,
      },
    },
  };
}

/** `issuer/subject` of the verified token, each one text; both may hold a wildcard at either end. */
export function requestPrincipal(principal: string): Principal {
  if (principal === "*") return allPrincipals([textClaim("iss", wildcard("*")), textClaim("sub", wildcard("*"))]);
  const slash = principal.lastIndexOf("/");
  if (slash < 0) return textClaim(principal.startsWith("*") ? "sub" : "iss", wildcard(principal));
  const issuer = principal.slice(0, slash);
  const subject = principal.slice(slash + 1);
  return allPrincipals([textClaim("iss", wildcard(issuer)), textClaim("sub", wildcard(subject))]);
}
