import type { JWTRule, RequestAuthentication } from "../objects/istio.ts";
import { isAdmitted } from "./authorization-policy.ts";
import { head } from "./names.ts";
import type { Reader } from "./reader.ts";

/**
 * Whose tokens the app takes, when it is exposed with `jwt`. It stands at the app and not at the gateway, which many
 * hosts share: there it would refuse the tokens that other hosts' apps check by themselves.
 */
export function requestAuthentication(namespace: string, app: string, read: Reader): RequestAuthentication | undefined {
  const roster = read.roster(app);
  const lane = read.homeLane(app);
  if (roster?.segment !== namespace || lane === undefined) return undefined;
  const { issuers } = read.part(lane.traffic, "traffic");
  const wanted = new Set(roster.hosts.filter(({ stage }) => isAdmitted(stage)).flatMap(({ jwt }) => jwt ?? []));
  const jwtRules = [...wanted].toSorted().flatMap((name): JWTRule[] => {
    const issuer = issuers[name];
    if (issuer === undefined) return [];
    const { audiences, jwks, jwksUri } = issuer;
    return [
      {
        issuer: issuer.issuer,
        ...(audiences.length > 0 && { audiences }),
        ...(jwks !== undefined && { jwks }),
        ...(jwksUri !== undefined && { jwksUri }),
        forwardOriginalToken: true,
      },
    ];
  });
  return jwtRules.length === 0
    ? undefined
    : {
        ...head("RequestAuthentication", namespace, app, { app }),
        spec: { selector: { matchLabels: { app } }, jwtRules },
      };
}
