import { covers, permitted } from "../model/permission.ts";
import type { EdgeStage, ExposedHost, Rule } from "../model/rows.ts";
import type { AuthorizationPolicy, AuthorizationRule } from "../objects/istio.ts";
import { allowNothing, gatewayServiceAccount, head, principal, rootNamespace } from "./names.ts";
import type { Reader } from "./reader.ts";

/** Stages in which the callee lets requests in: before the caller may send them until after it has stopped. */
export function isAdmitted(stage: EdgeStage): boolean {
  return stage === "admitted" || stage === "open" || stage === "closing";
}

/** Who may call the app: callers whose edge is admitted, within what they declare and the app consents to. Without any: nobody. */
export function authorizationPolicy(namespace: string, app: string, read: Reader): AuthorizationPolicy | undefined {
  if (app === allowNothing) return allowNothingPolicy(namespace, read);
  const roster = read.roster(app);
  if (roster?.segment !== namespace || read.homeLane(app) === undefined) return undefined;
  const rules: AuthorizationRule[] = read.callersOf(app).flatMap((name) => {
    const caller = read.roster(name);
    const edge = caller?.edges[app];
    if (caller === undefined || edge === undefined || !isAdmitted(edge.stage)) return [];
    const allowed = permitted(roster, caller);
    return allowed === undefined
      ? []
      : [
          {
            from: [{ source: { principals: [principal(read.trustDomain, caller.segment, name)] } }],
            ...operations(allowed),
          },
        ];
  });
  const issuers = read.traffic(app)?.issuers ?? {};
  const hosts = roster.hosts.filter(({ stage }) => isAdmitted(stage));
  for (const host of hosts) rules.push(...gatewayRule(host, hosts, issuers, read.trustDomain));
  return {
    ...head("AuthorizationPolicy", namespace, app, { app }),
    // An empty list too, which says the same as none, is a field that is ours: what anybody adds to it is seen.
    spec: { selector: { matchLabels: { app } }, action: "ALLOW", rules },
  };
}

/** No `to` when a rule admits everything: it then holds for TCP too. */
function operations(rules: readonly Rule[]): Pick<AuthorizationRule, "to"> {
  if (rules.some(({ methods, paths }) => methods === undefined && paths === undefined)) return {};
  return {
    to: rules.map(({ methods, paths }) => ({
      operation: { ...(methods !== undefined && { methods }), ...(paths !== undefined && { paths }) },
    })),
  };
}

/**
 * The ingress gateway may call what is exposed; with `jwt`, only for requests with a valid token of that issuer. What is
 * exposed below the path under another rule is left to that rule: else `/` without a token would open `/account` too.
 */
function gatewayRule(
  { host, path, jwt }: ExposedHost,
  all: readonly ExposedHost[],
  issuers: Readonly<Record<string, { issuer: string }>>,
  trustDomain: string,
): AuthorizationRule[] {
  const issuer = jwt === undefined ? undefined : issuers[jwt];
  // An issuer that isn't there (any more) admits nobody.
  if (jwt !== undefined && issuer === undefined) return [];
  const others = all.filter(
    (other) =>
      other.host === host &&
      other.jwt !== jwt &&
      other.path !== path &&
      (path === "/" || below(path).some((pattern) => covers(pattern, other.path))),
  );
  return [
    {
      from: [
        {
          source: {
            principals: [principal(trustDomain, rootNamespace, gatewayServiceAccount)],
            ...(issuer !== undefined && { requestPrincipals: [`${issuer.issuer}/*`] }),
          },
        },
      ],
      to: [
        {
          operation: {
            hosts: [host, `${host}:*`],
            ...(path !== "/" && { paths: below(path) }),
            ...(others.length > 0 && { notPaths: others.flatMap((other) => below(other.path)) }),
          },
        },
      ],
    },
  ];
}

/** A path and everything below it, by whole segments. */
export function below(path: string): string[] {
  return path.endsWith("/") ? [`${path}*`] : [path, `${path}/*`];
}

/** Refuses whatever no other policy of the namespace allows (Istio: "allow nothing"). */
function allowNothingPolicy(namespace: string, read: Reader): AuthorizationPolicy | undefined {
  return read.base(namespace) === undefined
    ? undefined
    : { ...head("AuthorizationPolicy", namespace, allowNothing), spec: { rules: [] } };
}
