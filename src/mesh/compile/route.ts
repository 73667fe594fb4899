import { create } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import {
  RedirectAction_RedirectResponseCode,
  RouteSchema,
  type Route,
  type RouteActionSchema,
  type WeightedCluster_ClusterWeightSchema,
} from "#gen/envoy/config/route/v3/route_components_pb.ts";
import type { ConsistentHash, Destination, HTTPMatchRequest, HTTPRoute } from "../../objects/istio.ts";
import { cors, corsFilter } from "./cors.ts";
import { duration, milliseconds } from "./duration.ts";
import type { Init } from "./encode.ts";
import { fault, faultFilter, fraction } from "./fault.ts";
import { hashPolicy } from "./hash-policy.ts";
import { headerOperations, hostOverride } from "./header-operations.ts";
import { retryPolicy } from "./retry-policy.ts";
import { routeMatch } from "./route-match.ts";

/** What a route needs to know of its surroundings. */
export interface RouteContext {
  /** The Envoy cluster of a destination. */
  clusterOf: (destination: Destination) => string;
  /** The consistent hash that the destination's DestinationRule asks for. */
  hashOf: (destination: Destination) => ConsistentHash | undefined;
  /** `/apis/networking.istio.io/v1/namespaces/NS/virtual-service/NAME`, or undefined for a default route. */
  source: string | undefined;
}

type Action = Init<typeof RouteActionSchema>;

/** No timeout unless set. */
function routeTimeout(timeout: string | undefined): Pick<Action, "timeout"> {
  return { timeout: timeout === undefined ? milliseconds(0) : duration(timeout) };
}

/** The route of a service that no VirtualService speaks of. */
export function defaultRoute(cluster: string, hash: ConsistentHash | undefined): Route {
  const policy = hash === undefined ? undefined : hashPolicy(hash);
  return create(RouteSchema, {
    name: "default",
    match: { pathSpecifier: { case: "prefix", value: "/" } },
    action: {
      case: "route",
      value: {
        clusterSpecifier: { case: "cluster", value: cluster },
        ...routeTimeout(undefined),
        // As in Istio: without a VirtualService a retry goes elsewhere even under a consistent hash.
        retryPolicy: retryPolicy(undefined, false),
        hashPolicy: policy === undefined ? [] : [policy],
      },
    },
    decorator: { operation: cluster },
  });
}

/** One route of a VirtualService for one of its matches (undefined: it has none, and takes everything). Undefined when it leads nowhere. */
export function httpRoute(
  http: HTTPRoute,
  match: HTTPMatchRequest | undefined,
  context: RouteContext,
): Route | undefined {
  const action = redirect(http) ?? directResponse(http) ?? forward(http, context);
  if (action === undefined) return undefined;
  const perFilter: Record<string, Any> = {
    ...(http.fault === undefined ? {} : { [faultFilter]: fault(http.fault) }),
    ...(http.corsPolicy === undefined ? {} : { [corsFilter]: cors(http.corsPolicy) }),
  };
  return create(RouteSchema, {
    name: [http.name, match?.name].filter((part) => part !== undefined && part !== "").join("."),
    match: routeMatch(match),
    action,
    typedPerFilterConfig: perFilter,
    ...(context.source === undefined ? {} : { metadata: { filterMetadata: { istio: { config: context.source } } } }),
    ...(action.case === "route"
      ? { decorator: { operation: http.route?.map((entry) => context.clusterOf(entry.destination))[0] ?? "" } }
      : {}),
    ...headerOperations(http.headers),
  });
}

type RouteAction = Extract<
  NonNullable<Init<typeof RouteSchema>["action"]>,
  { case: "route" | "redirect" | "directResponse" }
>;

function forward(http: HTTPRoute, context: RouteContext): RouteAction | undefined {
  const all = http.route ?? [];
  if (all.length === 0) return undefined;
  const weighted = all.length === 1 ? all : all.filter((entry) => (entry.weight ?? 0) > 0);
  const hashes = all.map((entry) => context.hashOf(entry.destination)).filter((hash) => hash !== undefined);
  const policies = hashes.map(hashPolicy).filter((policy) => policy !== undefined);
  const host = http.rewrite?.authority ?? hostOverride(http.headers);
  const value: Action = {
    ...(weighted.length === 1 && weighted[0]!.headers === undefined
      ? { clusterSpecifier: { case: "cluster" as const, value: context.clusterOf(weighted[0]!.destination) } }
      : {
          clusterSpecifier: {
            case: "weightedClusters" as const,
            value: { clusters: (weighted.length === 0 ? all : weighted).map((entry) => clusterWeight(entry, context)) },
          },
        }),
    ...routeTimeout(http.timeout),
    retryPolicy: retryPolicy(http.retries, hashes.length > 0),
    hashPolicy: policies.slice(0, 1),
    ...(http.rewrite?.uri === undefined ? {} : { prefixRewrite: http.rewrite.uri }),
    ...(host === undefined ? {} : { hostRewriteSpecifier: { case: "hostRewriteLiteral" as const, value: host } }),
    ...(http.mirror === undefined
      ? {}
      : {
          requestMirrorPolicies: [
            {
              cluster: context.clusterOf(http.mirror),
              runtimeFraction: { defaultValue: fraction(http.mirrorPercentage ?? { value: 100 }) },
              traceSampled: false,
              disableShadowHostSuffixAppend: true,
            },
          ],
        }),
  };
  return { case: "route", value };
}

function clusterWeight(
  { destination, weight, headers }: NonNullable<HTTPRoute["route"]>[number],
  context: RouteContext,
): Init<typeof WeightedCluster_ClusterWeightSchema> {
  const host = hostOverride(headers);
  return {
    name: context.clusterOf(destination),
    weight: weight ?? 100,
    ...headerOperations(headers),
    ...(host === undefined ? {} : { hostRewriteSpecifier: { case: "hostRewriteLiteral", value: host } }),
  };
}

const redirectCodes: Record<number, RedirectAction_RedirectResponseCode> = {
  301: RedirectAction_RedirectResponseCode.MOVED_PERMANENTLY,
  302: RedirectAction_RedirectResponseCode.FOUND,
  303: RedirectAction_RedirectResponseCode.SEE_OTHER,
  307: RedirectAction_RedirectResponseCode.TEMPORARY_REDIRECT,
  308: RedirectAction_RedirectResponseCode.PERMANENT_REDIRECT,
};

function redirect({ redirect: to }: HTTPRoute): RouteAction | undefined {
  if (to === undefined) return undefined;
  return {
    case: "redirect",
    value: {
      hostRedirect: to.authority ?? "",
      portRedirect: to.port ?? 0,
      responseCode: redirectCodes[to.redirectCode ?? 301] ?? RedirectAction_RedirectResponseCode.MOVED_PERMANENTLY,
      ...(to.uri === undefined ? {} : { pathRewriteSpecifier: { case: "pathRedirect", value: to.uri } }),
      ...(to.scheme === undefined ? {} : { schemeRewriteSpecifier: { case: "schemeRedirect", value: to.scheme } }),
    },
  };
}

function directResponse({ directResponse: response }: HTTPRoute): RouteAction | undefined {
  if (response === undefined) return undefined;
  const body = response.body?.string;
  return {
    case: "directResponse",
    value: {
      status: response.status,
      ...(body === undefined ? {} : { body: { specifier: { case: "inlineString", value: body } } }),
    },
  };
}
