import type { RouteAction_HashPolicySchema } from "#gen/envoy/config/route/v3/route_components_pb.ts";
import type { ConsistentHash } from "../../objects/istio.ts";
import { duration } from "./duration.ts";
import type { Init } from "./encode.ts";

/** What of a request decides which endpoint gets it, for a DestinationRule with a consistent hash. */
export function hashPolicy(hash: ConsistentHash): Init<typeof RouteAction_HashPolicySchema> | undefined {
  if (hash.httpHeaderName !== undefined)
    return { policySpecifier: { case: "header", value: { headerName: hash.httpHeaderName } } };
  if (hash.httpCookie !== undefined) {
    const { name, path, ttl } = hash.httpCookie;
    // Envoy makes the cookie when it is missing and a lifetime is given; 0s is a session cookie.
    return {
      policySpecifier: {
        case: "cookie",
        value: { name, path: path ?? "", ...(ttl === undefined ? {} : { ttl: duration(ttl) }) },
      },
    };
  }
  if (hash.httpQueryParameterName !== undefined)
    return { policySpecifier: { case: "queryParameter", value: { name: hash.httpQueryParameterName } } };
  if (hash.useSourceIp === true)
    return { policySpecifier: { case: "connectionProperties", value: { sourceIp: true } } };
  return undefined;
}
