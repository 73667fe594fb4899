import type {
  JwtAuthentication,
  JwtProvider,
  JwtRequirement,
} from "#gen/envoy/extensions/filters/http/jwt_authn/v3/config_pb.ts";
import type { FilterAnswer, FilterContext } from "./filter-context.ts";
import { pathOnly, queryOf } from "./http-message.ts";
import { NotUnderstood } from "./text-match.ts";

type Claims = Record<string, unknown>;
type Found =
  | { is: "valid"; claims: Claims; provider: JwtProvider }
  | { is: "missing" }
  | { is: "invalid"; why: string };

/** Tokens: read from the request; that their signature and lifetime are right is stated. Claims go where later rules look for them. */
export function jwtAuthn(config: JwtAuthentication, context: FilterContext): FilterAnswer | undefined {
  const { walk, proxy, request, metadata } = context;
  if (
    config.bypassCorsPreflight &&
    request.method === "OPTIONS" &&
    request.headers["origin"] !== undefined &&
    request.headers["access-control-request-method"] !== undefined
  )
    return undefined;
  const rule = config.rules.find(
    ({ match }) =>
      match?.pathSpecifier.case === "prefix" && pathOnly(request.path).startsWith(match.pathSpecifier.value),
  );
  if (rule === undefined) return undefined;
  if (rule.requirementType.case !== "requires") throw new NotUnderstood("a token requirement by name");
  const found = meets(rule.requirementType.value, config, context);
  if (found.is === "valid") {
    const key = found.provider.payloadInMetadata;
    if (key !== "")
      metadata["envoy.filters.http.jwt_authn"] = {
        ...(metadata["envoy.filters.http.jwt_authn"] as object | undefined),
        [key]: found.claims,
      };
    walk.step(
      proxy,
      "token",
      String(found.claims["iss"]),
      `a token of ${String(found.claims["sub"] ?? "nobody named")}`,
    );
    return undefined;
  }
  if (found.is === "missing") return undefined;
  walk.step(proxy, "token", "", found.why);
  return {
    status: 401,
    decision: { by: proxy.name, rule: "token", words: `${proxy.name} refuses the token: ${found.why}` },
  };
}

function meets({ requiresType }: JwtRequirement, config: JwtAuthentication, context: FilterContext): Found {
  switch (requiresType.case) {
    case "providerName":
      return verify(config.providers[requiresType.value], context);
    case "allowMissing":
      return bearer(context) === undefined
        ? { is: "missing" }
        : { is: "invalid", why: "no issuer that is known gave it" };
    case "allowMissingOrFailed":
      return { is: "missing" };
    case "requiresAny": {
      const tried = requiresType.value.requirements.map((each) => meets(each, config, context));
      return (
        tried.find(({ is }) => is === "valid") ??
        (tried.at(-1)?.is === "missing" ? { is: "missing" } : tried.find(({ is }) => is === "invalid")) ?? {
          is: "invalid",
          why: "there is none",
        }
      );
    }
    case "requiresAll": {
      const tried = requiresType.value.requirements.map((each) => meets(each, config, context));
      return tried.find(({ is }) => is === "invalid") ?? tried.find(({ is }) => is === "valid") ?? { is: "missing" };
    }
    default:
      throw new NotUnderstood(`a token requirement "${requiresType.case ?? "empty"}"`);
  }
}

function verify(provider: JwtProvider | undefined, context: FilterContext): Found {
  const token = provider === undefined ? undefined : tokenFor(provider, context);
  if (provider === undefined || token === undefined) return { is: "invalid", why: "there is none" };
  const claims = payload(token);
  if (claims === undefined) return { is: "invalid", why: "it isn't a JWT" };
  if (provider.issuer !== "" && claims["iss"] !== provider.issuer)
    return { is: "invalid", why: `its issuer is ${String(claims["iss"])}` };
  const audiences = [claims["aud"]].flat();
  if (provider.audiences.length > 0 && !provider.audiences.some((audience) => audiences.includes(audience)))
    return { is: "invalid", why: "it is for another audience" };
  return context.walk.stated.tokenValid
    ? { is: "valid", claims, provider }
    : { is: "invalid", why: "its signature or lifetime was said to be wrong" };
}

function tokenFor({ fromHeaders, fromParams }: JwtProvider, context: FilterContext): string | undefined {
  const { headers, path } = context.request;
  for (const { name, valuePrefix } of fromHeaders) {
    const value = headers[name.toLowerCase()];
    if (value?.startsWith(valuePrefix) === true) return value.slice(valuePrefix.length);
  }
  for (const name of fromParams) {
    const value = queryOf(path).get(name);
    if (value !== null) return value;
  }
  return fromHeaders.length + fromParams.length > 0 ? undefined : bearer(context);
}

function bearer({ request }: FilterContext): string | undefined {
  return (
    /^Bearer (.+)$/.exec(request.headers["authorization"] ?? "")?.[1] ??
    queryOf(request.path).get("access_token") ??
    undefined
  );
}

function payload(token: string): Claims | undefined {
  try {
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as unknown;
    return typeof claims === "object" && claims !== null ? (claims as Claims) : undefined;
  } catch {
    return undefined;
  }
}
