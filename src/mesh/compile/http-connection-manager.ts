import { create } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import { FilterSchema, type Filter } from "#gen/envoy/config/listener/v3/listener_components_pb.ts";
import type { RouteConfiguration } from "#gen/envoy/config/route/v3/route_pb.ts";
import { CorsSchema } from "#gen/envoy/extensions/filters/http/cors/v3/cors_pb.ts";
import { HTTPFaultSchema } from "#gen/envoy/extensions/filters/http/fault/v3/fault_pb.ts";
import { RouterSchema } from "#gen/envoy/extensions/filters/http/router/v3/router_pb.ts";
import {
  HttpConnectionManager_CodecType,
  HttpConnectionManager_ForwardClientCertDetails as ForwardClientCert,
  HttpConnectionManager_PathWithEscapedSlashesAction,
  HttpConnectionManagerSchema,
  HttpFilterSchema,
  type HttpConnectionManager,
  type HttpFilter,
} from "#gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { ads } from "./config-source.ts";
import { corsFilter } from "./cors.ts";
import { milliseconds } from "./duration.ts";
import { any, type Init } from "./encode.ts";
import { faultFilter } from "./fault.ts";

type Manager = Init<typeof HttpConnectionManagerSchema>;

export function httpFilter(name: string, value: Any): HttpFilter {
  return create(HttpFilterSchema, { name, configType: { case: "typedConfig", value } });
}

/** Those that carry out what routes say: they do nothing for routes that say nothing. */
export function routeFilters(): HttpFilter[] {
  return [httpFilter(faultFilter, any(HTTPFaultSchema, {})), httpFilter(corsFilter, any(CorsSchema, {}))];
}

export function routerFilter(): HttpFilter {
  return httpFilter("envoy.filters.http.router", any(RouterSchema, {}));
}

export interface ManagerOptions {
  statPrefix: string;
  /** A name to ask for over RDS, or the routes themselves. */
  routes: string | RouteConfiguration;
  filters: HttpFilter[];
  /** Who is on the other side: the app beside us, another sidecar, or the world. */
  side: "outbound" | "inbound" | "gateway";
  connect?: boolean;
}

/** One connection manager, with the router as its last filter. */
export function httpConnectionManager({
  statPrefix,
  routes,
  filters,
  side,
  connect = false,
}: ManagerOptions): HttpConnectionManager {
  const manager: Manager = {
    codecType: HttpConnectionManager_CodecType.AUTO,
    statPrefix,
    routeSpecifier:
      typeof routes === "string"
        ? { case: "rds", value: { configSource: ads(), routeConfigName: routes } }
        : { case: "routeConfig", value: routes },
    httpFilters: [...filters, routerFilter()],
    // The app's own word on whether it wants the body.
    proxy100Continue: true,
    // What answers an app is its own proxy, and it says so: Envoy's name is the default.
    ...(side === "outbound" ? {} : { serverName: "istio-envoy" }),
    useRemoteAddress: side === "gateway",
    normalizePath: true,
    pathWithEscapedSlashesAction: HttpConnectionManager_PathWithEscapedSlashesAction.KEEP_UNCHANGED,
    // Requests may take as long as their route says; streams may be silent.
    streamIdleTimeout: milliseconds(0),
    httpProtocolOptions: { acceptHttp10: true },
    upgradeConfigs: [{ upgradeType: "websocket" }, ...(connect ? [{ upgradeType: "CONNECT" }] : [])],
    ...(side === "inbound"
      ? {
          forwardClientCertDetails: ForwardClientCert.APPEND_FORWARD,
          setCurrentClientCertDetails: { subject: true, dns: true, uri: true },
        }
      : {}),
    ...(side === "gateway"
      ? {
          forwardClientCertDetails: ForwardClientCert.SANITIZE_SET,
          setCurrentClientCertDetails: { cert: true, subject: true, dns: true, uri: true },
        }
      : {}),
  };
  return create(HttpConnectionManagerSchema, manager);
}

export function managerFilter(manager: HttpConnectionManager): Filter {
  return create(FilterSchema, {
    name: "envoy.filters.network.http_connection_manager",
    configType: { case: "typedConfig", value: any(HttpConnectionManagerSchema, manager) },
  });
}
