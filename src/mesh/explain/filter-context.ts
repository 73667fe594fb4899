import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import {
  FilterConfigSchema,
  type Route,
  type VirtualHost,
  type WeightedCluster_ClusterWeight,
} from "#gen/envoy/config/route/v3/route_components_pb.ts";
import type { RouteConfiguration } from "#gen/envoy/config/route/v3/route_pb.ts";
import type { Connection, Decision } from "./exchange.ts";
import type { HttpRequest } from "./http-message.ts";
import { unpack, type OpenProxy } from "./open-proxy.ts";
import type { Walk } from "./walk.ts";

/** Where in the route configuration a request came out. */
export interface Routed {
  readonly configuration: RouteConfiguration | undefined;
  readonly host: VirtualHost | undefined;
  readonly route: Route | undefined;
  /** Of a route with weights, the one that was drawn. */
  readonly weighted: WeightedCluster_ClusterWeight | undefined;
}

/** What an HTTP filter sees. */
export interface FilterContext {
  readonly walk: Walk;
  readonly proxy: OpenProxy;
  readonly connection: Connection;
  readonly request: HttpRequest;
  readonly routed: Routed;
  /** Dynamic metadata: filters leave it for later ones. */
  readonly metadata: Record<string, unknown>;
  /** ms for which filters held the request up. */
  delayMs: number;
}

/** A filter answers in the app's place, or lets pass (undefined). */
export interface FilterAnswer {
  readonly status: number;
  readonly decision: Decision;
  readonly rateLimited?: boolean;
}

/** The most specific configuration that the route gives a filter (Envoy, "Route specific config"). `disabled`: the route switches it off. */
export function perRoute<D extends DescMessage>(
  schema: D,
  name: string,
  { configuration, host, route, weighted }: Routed,
): MessageShape<D> | "disabled" | undefined {
  for (const level of [weighted, route, host, configuration]) {
    const found: Any | undefined = level?.typedPerFilterConfig[name];
    if (found === undefined) continue;
    const wrapped = unpack(FilterConfigSchema, found);
    if (wrapped?.disabled === true) return "disabled";
    return unpack(schema, wrapped === undefined ? found : wrapped.config);
  }
  return undefined;
}
