import { fromBinary, toJson, type JsonObject } from "@bufbuild/protobuf";
import { ClusterSchema } from "#gen/envoy/config/cluster/v3/cluster_pb.ts";
import { ClusterLoadAssignmentSchema } from "#gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import { ListenerSchema } from "#gen/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "#gen/envoy/config/route/v3/route_pb.ts";
import { typeUrls, type MeshCompiler, type Resource } from "../../resource.ts";
import { registry } from "./registry.ts";

const schemas = {
  [typeUrls.listener]: ListenerSchema,
  [typeUrls.cluster]: ClusterSchema,
  [typeUrls.routeConfiguration]: RouteConfigurationSchema,
  [typeUrls.endpoints]: ClusterLoadAssignmentSchema,
};

/** A resource as Envoy's JSON, extensions decoded. */
export function decode(resource: Resource): JsonObject {
  return toJson(schemas[resource.type], fromBinary(schemas[resource.type], resource.bytes), { registry }) as JsonObject;
}

export interface ProxyResources {
  listeners: JsonObject[];
  clusters: JsonObject[];
  routes: JsonObject[];
  endpoints: JsonObject[];
}

/** Everything that a proxy would be sent, following the names that listeners and clusters mention. */
export function resourcesOf(compiler: MeshCompiler, proxyId: string): ProxyResources {
  const snapshot = compiler.snapshot(proxyId);
  const byName = (map: ReadonlyMap<string, Resource>) => [...map.keys()].sort().map((name) => decode(map.get(name)!));
  const listeners = byName(snapshot.listeners);
  const clusters = byName(snapshot.clusters);
  const routeNames = [
    ...new Set([...JSON.stringify(listeners).matchAll(/"routeConfigName":"([^"]+)"/g)].map((match) => match[1]!)),
  ].sort();
  const endpointNames = clusters
    .filter((cluster) => cluster["type"] === "EDS")
    .map((cluster) => cluster["name"] as string);
  const present = (resources: (Resource | undefined)[]) =>
    resources.filter((resource) => resource !== undefined).map(decode);
  return {
    listeners,
    clusters,
    routes: present(routeNames.map((name) => compiler.route(proxyId, name))),
    endpoints: present(endpointNames.map((name) => compiler.endpoints(proxyId, name))),
  };
}
