import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { ProxyResources } from "./resources.ts";

export interface Certificate {
  chain: string;
  key: string;
  root: string;
}

/** A proxy's resources as a bootstrap without a control plane: routes, endpoints and secrets are put where they are asked for. */
export function staticBootstrap(
  resources: ProxyResources,
  options: { secrets?: Record<string, Certificate>; admin?: string; node?: string } = {},
): JsonObject {
  const routes = new Map(resources.routes.map((route) => [route["name"] as string, route]));
  const endpoints = new Map(resources.endpoints.map((assignment) => [assignment["clusterName"] as string, assignment]));
  const listeners = resources.listeners.map((listener) => replace(listener, routes));
  const clusters = resources.clusters.map((cluster) => {
    const { edsClusterConfig, ...rest } = replace(cluster, routes) as JsonObject;
    if (edsClusterConfig === undefined) return rest;
    return {
      ...rest,
      type: "STATIC",
      loadAssignment: endpoints.get(cluster["name"] as string) ?? { clusterName: cluster["name"]! },
    };
  });
  return {
    node: { id: options.node ?? "test", cluster: "test" },
    ...(options.admin === undefined ? {} : { admin: { address: { pipe: { path: options.admin } } } }),
    bootstrapExtensions: [
      {
        name: "envoy.bootstrap.internal_listener",
        typedConfig: {
          "@type": "type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener",
        },
      },
    ],
    staticResources: {
      listeners,
      clusters: clusters as JsonValue[],
      secrets: secrets(options.secrets ?? {}, JSON.stringify(resources)),
    },
  };
}

/** Route configurations inline instead of by name, secrets by name alone (which means static ones). */
function replace(value: JsonValue, routes: ReadonlyMap<string, JsonObject>): JsonValue {
  if (Array.isArray(value)) return value.map((entry) => replace(entry, routes));
  if (typeof value !== "object" || value === null) return value;
  const result: JsonObject = {};
  for (const [key, entry] of Object.entries(value)) {
    if (key === "rds") {
      const name = (entry as JsonObject)["routeConfigName"] as string;
      result["routeConfig"] = routes.get(name) ?? { name };
    } else if (key !== "sdsConfig") result[key] = replace(entry, routes);
  }
  return result;
}

/** The proxy's own secrets, and one for every `kubernetes://` name that is mentioned: given, or the proxy's own certificate in its place. */
function secrets(given: Record<string, Certificate>, mentioned: string): JsonValue[] {
  const own = given["default"];
  if (own === undefined) return [];
  const others = new Set([...mentioned.matchAll(/"name":"(kubernetes:[^"]+)"/g)].map((match) => match[1]!));
  const certificate = (name: string, { chain, key }: Certificate): JsonObject => ({
    name,
    tlsCertificate: { certificateChain: { inlineString: chain }, privateKey: { inlineString: key } },
  });
  const roots = (name: string): JsonObject => ({ name, validationContext: { trustedCa: { inlineString: own.root } } });
  return [
    certificate("default", own),
    roots("ROOTCA"),
    ...[...others].map((name) => (name.endsWith("-cacert") ? roots(name) : certificate(name, given[name] ?? own))),
  ];
}
