import { create } from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";
import { JwtAuthenticationSchema, type JwtProviderSchema, type JwtRequirementSchema } from "#gen/envoy/extensions/filters/http/jwt_authn/v3/config_pb.ts";
import type { HttpFilter } from "#gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import type { JWTRule, RequestAuthentication } from "../../objects/istio.ts";
import { matchesLabels } from "../../objects/meta.ts";
import { jwtFilter, jwtPayload } from "./authorization-match.ts";
import { duration } from "./duration.ts";
import { any, type Init } from "./encode.ts";
import { httpFilter } from "./http-connection-manager.ts";
import type { Stored } from "./index/objects.ts";
import type { Mesh } from "./mesh.ts";
import { outboundCluster } from "./names.ts";

type Requirement = Init<typeof JwtRequirementSchema>;

/**
 * RequestAuthentications as a JWT filter: a token that is there must be valid, one that is missing is let through
 * (an AuthorizationPolicy asks for one by `requestPrincipals`).
 */
export function jwtAuthentication(mesh: Mesh) {
  const { indexes, settings } = mesh;

  function rulesFor(namespace: string, labels: Readonly<Record<string, string>>): JWTRule[] {
    const selects = (stored: Stored<RequestAuthentication>) => matchesLabels(stored.object.spec?.selector?.matchLabels, labels as Record<string, string>);
    return [...new Set([settings.rootNamespace, namespace])].flatMap((entry) => indexes.requestAuthenticationByNamespace(entry, selects)).flatMap((stored) => stored.object.spec?.jwtRules ?? []);
  }

  return {
    filters(namespace: string, labels: Readonly<Record<string, string>>): HttpFilter[] {
      const rules = rulesFor(namespace, labels);
      if (rules.length === 0) return [];
      const providers = Object.fromEntries(rules.map((rule, index) => [`origins-${index}`, provider(rule)]));
      // With several issuers each of them may be missing, and a token of any one of them will do.
      const either: Requirement[] = Object.keys(providers).map((name) => ({ requiresType: { case: "providerName", value: name } }));
      const allowMissing: Requirement = { requiresType: { case: "allowMissing", value: create(EmptySchema) } };
      const requires: Requirement = { requiresType: { case: "requiresAny", value: { requirements: [...either, allowMissing] } } };
      return [httpFilter(jwtFilter, any(JwtAuthenticationSchema, { providers, rules: [{ match: { pathSpecifier: { case: "prefix", value: "/" } }, requirementType: { case: "requires", value: requires } }], bypassCorsPreflight: true }))];
    },
    /** Hosts whose keys are fetched. */
    jwksUris: (namespace: string, labels: Readonly<Record<string, string>>): string[] => rulesFor(namespace, labels).filter((rule) => rule.jwks === undefined).flatMap((rule) => (rule.jwksUri === undefined ? [] : [rule.jwksUri])),
  };
}
export type JwtAuthentication = ReturnType<typeof jwtAuthentication>;

function provider(rule: JWTRule): Init<typeof JwtProviderSchema> {
  const tokenPlaces = rule.fromHeaders !== undefined || rule.fromParams !== undefined;
  return {
    issuer: rule.issuer,
    audiences: rule.audiences ?? [],
    forward: rule.forwardOriginalToken ?? false,
    forwardPayloadHeader: rule.outputPayloadToHeader ?? "",
    payloadInMetadata: jwtPayload,
    ...(tokenPlaces ? { fromHeaders: (rule.fromHeaders ?? []).map(({ name, prefix }) => ({ name, valuePrefix: prefix ?? "" })), fromParams: rule.fromParams ?? [] } : {}),
    jwksSourceSpecifier: rule.jwks !== undefined || rule.jwksUri === undefined
      // Without keys nothing can be verified: every token is refused.
      ? { case: "localJwks", value: { specifier: { case: "inlineString", value: rule.jwks ?? '{"keys":[]}' } } }
      : { case: "remoteJwks", value: { httpUri: { uri: rule.jwksUri, httpUpstreamType: { case: "cluster", value: jwksCluster(rule.jwksUri) }, timeout: duration("5s") }, cacheDuration: duration("5m") } },
  };
}

/** The cluster through which a key set is fetched: the host's own, or one made for it under the same name. */
export function jwksCluster(uri: string): string {
  const { port, host } = jwksTarget(uri);
  return outboundCluster(port, "", host);
}
export function jwksTarget(uri: string): { host: string; port: number; tls: boolean } {
  const url = new URL(uri);
  const tls = url.protocol === "https:";
  return { host: url.hostname, port: url.port === "" ? (tls ? 443 : 80) : Number(url.port), tls };
}
