import { HttpConnectionManagerSchema } from "#gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { fromBinary } from "@bufbuild/protobuf";
import { ListenerSchema } from "#gen/envoy/config/listener/v3/listener_pb.ts";
import type { MeshCompiler, Proxy, Resource } from "../../resource.ts";
import type { ProxyAt, ProxyConfig } from "../question.ts";
import { unpack } from "../open-proxy.ts";

/** What the compiler has for a proxy, by the names that its listeners and clusters ask for. */
export function compiledConfig(
  compiler: MeshCompiler,
  { id, namespace, serviceAccount }: Proxy,
  trustDomain = "quipu.local",
): ProxyConfig {
  const { listeners, clusters } = compiler.snapshot(id);
  const routes = [...listeners.values()].flatMap(({ bytes }) =>
    fromBinary(ListenerSchema, bytes).filterChains.flatMap(({ filters }) =>
      filters.flatMap(({ configType }) => {
        const specifier =
          configType.case === "typedConfig"
            ? unpack(HttpConnectionManagerSchema, configType.value)?.routeSpecifier
            : undefined;
        return specifier?.case === "rds" ? [specifier.value.routeConfigName] : [];
      }),
    ),
  );
  const resources: (Resource | undefined)[] = [
    ...listeners.values(),
    ...clusters.values(),
    ...[...new Set(routes)].map((name) => compiler.route(id, name)),
    ...[...clusters.keys()].map((name) => compiler.endpoints(id, name)),
  ];
  return {
    name: `${serviceAccount}.${namespace}`,
    identity: `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`,
    resources: resources.filter((resource) => resource !== undefined),
  };
}

export function compiledAt(compiler: MeshCompiler, proxies: readonly Proxy[]): ProxyAt {
  const configs = new Map<string, ProxyConfig>();
  return (address) => {
    const proxy = proxies.find(({ ip }) => ip === address);
    if (proxy === undefined) return undefined;
    let config = configs.get(address);
    if (config === undefined) configs.set(address, (config = compiledConfig(compiler, proxy)));
    return config;
  };
}
