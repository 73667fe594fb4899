import {
  RouteSchema,
  VirtualHostSchema,
  type Route,
  type VirtualHost,
} from "#gen/envoy/config/route/v3/route_components_pb.ts";
import { RouteConfigurationSchema, type RouteConfiguration } from "#gen/envoy/config/route/v3/route_pb.ts";
import { isWanted, valueOf, type Patch } from "./patch.ts";
import { insertAt, merged } from "./patch-merge.ts";

/** What `match.routeConfiguration` may name. */
export interface RouteFacts {
  routeConfiguration: string;
  port: number;
  /** The virtual host's name. */
  name: string;
}

export function patchRouteConfiguration(
  patches: readonly Patch[],
  configuration: RouteConfiguration,
  facts: Omit<RouteFacts, "name">,
): RouteConfiguration {
  let result = configuration;
  for (const patch of patches) {
    if (
      patch.applyTo === "ROUTE_CONFIGURATION" &&
      patch.operation === "MERGE" &&
      matches(patch, { ...facts, name: "" })
    )
      result = merged(RouteConfigurationSchema, result, valueOf(patch, RouteConfigurationSchema));
  }
  return result;
}

/** Virtual hosts that patches with ADD bring along. */
export function addedVirtualHosts(patches: readonly Patch[], facts: Omit<RouteFacts, "name">): VirtualHost[] {
  return patches
    .filter(
      (patch) =>
        patch.applyTo === "VIRTUAL_HOST" && patch.operation === "ADD" && matches(patch, { ...facts, name: "" }),
    )
    .map((patch) => valueOf(patch, VirtualHostSchema));
}

/** VIRTUAL_HOST patches with MERGE and REMOVE, then HTTP_ROUTE patches. Undefined when removed. */
export function patchVirtualHost(
  patches: readonly Patch[],
  host: VirtualHost,
  facts: RouteFacts,
): VirtualHost | undefined {
  let result = host;
  for (const patch of patches) {
    if (patch.applyTo !== "VIRTUAL_HOST" || patch.operation === "ADD" || !matchesHost(patch, facts)) continue;
    if (patch.operation === "REMOVE") return undefined;
    result = merged(VirtualHostSchema, result, valueOf(patch, VirtualHostSchema));
  }
  for (const patch of patches)
    if (patch.applyTo === "HTTP_ROUTE" && matchesHost(patch, facts))
      result = { ...result, routes: patchRoutes(patch, result.routes) };
  return result;
}

function patchRoutes(patch: Patch, routes: readonly Route[]): Route[] {
  const wanted = patch.match.routeConfiguration?.vhost?.route;
  const concerns = (route: Route) => isWanted(wanted?.name, route.name) && actionMatches(wanted?.action, route);
  if (patch.operation === "REMOVE") return routes.filter((route) => !concerns(route));
  const value = valueOf(patch, RouteSchema);
  if (patch.operation === "MERGE")
    return routes.map((route) => (concerns(route) ? merged(RouteSchema, route, value) : route));
  const at = insertAt(patch.operation, routes.length, routes.findIndex(concerns));
  return at === undefined ? [...routes] : routes.toSpliced(at, 0, value);
}

function actionMatches(action: string | undefined, route: Route): boolean {
  const names: Record<string, string> = { ROUTE: "route", REDIRECT: "redirect", DIRECT_RESPONSE: "directResponse" };
  return action === undefined || action === "ANY" || names[action] === route.action.case;
}

function matches(patch: Patch, facts: RouteFacts): boolean {
  const match = patch.match.routeConfiguration;
  return isWanted(match?.name, facts.routeConfiguration) && isWanted(match?.portNumber, facts.port);
}

function matchesHost(patch: Patch, facts: RouteFacts): boolean {
  return matches(patch, facts) && isWanted(patch.match.routeConfiguration?.vhost?.name, facts.name);
}
