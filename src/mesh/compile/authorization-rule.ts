import type { AuthorizationOperation, AuthorizationRule, AuthorizationSource } from "../../objects/istio.ts";
import {
  allPermissions,
  allPrincipals,
  anyPermission,
  anyPrincipal,
  cidr,
  claim,
  header,
  notPermission,
  notPrincipal,
  peer,
  peerNamespace,
  requestPrincipal,
  wildcard,
  type Permission,
  type Principal,
} from "./authorization-match.ts";

/** A value that only HTTP has was asked of a TCP port. */
class NotForTcp extends Error {}

export interface RuleOptions {
  trustDomain: string;
  /** On a plain TCP port what only HTTP has can't be seen: an ALLOW rule that needs it never matches; a DENY rule leaves it out (and so denies more). */
  layer: "http" | "tcp";
  action: "ALLOW" | "DENY";
}

type Values = string[] | undefined;

/** A rule as Envoy's permission and principal, or undefined when it can never match. */
export function authorizationRule(
  rule: AuthorizationRule,
  options: RuleOptions,
): { permissions: Permission[]; principals: Principal[] } | undefined {
  const leaveOut = options.action === "DENY";
  const http = <T>(values: Values, make: (value: string) => T): T[] | undefined => {
    if (values === undefined || options.layer === "http") return values?.map(make);
    if (leaveOut) return undefined;
    throw new NotForTcp();
  };
  const collect = <T>(pairs: [T[] | undefined, T[] | undefined][], or: (list: T[]) => T, not: (one: T) => T): T[] =>
    pairs.flatMap(([wanted, unwanted]) => [
      ...(wanted === undefined || wanted.length === 0 ? [] : [or(wanted)]),
      ...(unwanted === undefined || unwanted.length === 0 ? [] : [not(or(unwanted))]),
    ]);
  const permission = (pairs: [Permission[] | undefined, Permission[] | undefined][]) =>
    collect(pairs, anyPermission, notPermission);
  const principal = (pairs: [Principal[] | undefined, Principal[] | undefined][]) =>
    collect(pairs, anyPrincipal, notPrincipal);

  const operation = (to: AuthorizationOperation): Permission => {
    const host = (value: string): Permission => ({
      rule: { case: "header", value: header(":authority", value, true) },
    });
    const path = (value: string): Permission => ({
      rule: { case: "urlPath", value: { rule: { case: "path", value: wildcard(value) } } },
    });
    const method = (value: string): Permission => ({ rule: { case: "header", value: header(":method", value) } });
    return allPermissions(
      permission([
        [http(to.hosts, host), http(to.notHosts, host)],
        [http(to.methods, method), http(to.notMethods, method)],
        [http(to.paths, path), http(to.notPaths, path)],
        [to.ports?.map(port), to.notPorts?.map(port)],
      ]),
    );
  };
  const source = (from: AuthorizationSource): Principal => {
    const byPeer = (value: string) => peer(value, options.trustDomain);
    return allPrincipals(
      principal([
        [from.principals?.map(byPeer), from.notPrincipals?.map(byPeer)],
        [from.namespaces?.map(peerNamespace), from.notNamespaces?.map(peerNamespace)],
        [http(from.requestPrincipals, requestPrincipal), http(from.notRequestPrincipals, requestPrincipal)],
        [from.ipBlocks?.map(directIp), from.notIpBlocks?.map(directIp)],
        [from.remoteIpBlocks?.map(remoteIp), from.notRemoteIpBlocks?.map(remoteIp)],
      ]),
    );
  };

  try {
    const permissions: Permission[] = [];
    const principals: Principal[] = [];
    if (rule.to !== undefined && rule.to.length > 0)
      permissions.push(anyPermission(rule.to.map(({ operation: to }) => operation(to))));
    if (rule.from !== undefined && rule.from.length > 0)
      principals.push(anyPrincipal(rule.from.map(({ source: from }) => source(from))));
    for (const { key, values, notValues } of rule.when ?? []) {
      const condition = conditions(key, options.trustDomain);
      // A condition that isn't known never holds.
      if (condition === undefined) return undefined;
      const make = <T>(of: (value: string) => T, list: Values) => (condition.http ? http(list, of) : list?.map(of));
      if (condition.permission !== undefined)
        permissions.push(...permission([[make(condition.permission, values), make(condition.permission, notValues)]]));
      if (condition.principal !== undefined)
        principals.push(...principal([[make(condition.principal, values), make(condition.principal, notValues)]]));
    }
    return { permissions: [allPermissions(permissions)], principals: [allPrincipals(principals)] };
  } catch (error) {
    if (error instanceof NotForTcp) return undefined;
    throw error;
  }
}

function port(value: string): Permission {
  return { rule: { case: "destinationPort", value: Number(value) } };
}
function directIp(block: string): Principal {
  return { identifier: { case: "directRemoteIp", value: cidr(block) } };
}
function remoteIp(block: string): Principal {
  return { identifier: { case: "remoteIp", value: cidr(block) } };
}

interface Condition {
  http: boolean;
  permission?: (value: string) => Permission;
  principal?: (value: string) => Principal;
}

/** The keys of `when` (Istio reference, "Authorization Policy Conditions"). */
function conditions(key: string, trustDomain: string): Condition | undefined {
  const headerName = /^request\.headers\[(.+)\]$/.exec(key)?.[1];
  if (headerName !== undefined)
    return { http: true, principal: (value) => ({ identifier: { case: "header", value: header(headerName, value) } }) };
  const claims = /^request\.auth\.claims((?:\[[^\]]+\])+)$/.exec(key)?.[1];
  if (claims !== undefined)
    return { http: true, principal: (value) => claim(claims.slice(1, -1).split("]["), wildcard(value)) };
  switch (key) {
    case "source.ip":
      return { http: false, principal: directIp };
    case "remote.ip":
      return { http: false, principal: remoteIp };
    case "source.namespace":
      return { http: false, principal: peerNamespace };
    case "source.principal":
      return { http: false, principal: (value) => peer(value, trustDomain) };
    case "request.auth.principal":
      return { http: true, principal: requestPrincipal };
    case "request.auth.audiences":
      return { http: true, principal: (value) => claim(["aud"], wildcard(value)) };
    case "request.auth.presenter":
      return { http: true, principal: (value) => claim(["azp"], wildcard(value)) };
    case "destination.ip":
      return { http: false, permission: (value) => ({ rule: { case: "destinationIp", value: cidr(value) } }) };
    case "destination.port":
      return { http: false, permission: port };
    case "connection.sni":
      return {
        http: false,
        permission: (value) => ({ rule: { case: "requestedServerName", value: wildcard(value) } }),
      };
    default:
      return undefined;
  }
}
