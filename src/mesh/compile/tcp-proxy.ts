import { create } from "@bufbuild/protobuf";
import { FilterSchema, type Filter } from "#gen/envoy/config/listener/v3/listener_components_pb.ts";
import { TcpProxySchema } from "#gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts";
import { duration } from "./duration.ts";
import { any } from "./encode.ts";

export interface TcpTarget {
  cluster: string;
  weight: number;
}

/** Forwards connections to one cluster, or to several by weight. */
export function tcpProxy(
  statPrefix: string,
  targets: readonly TcpTarget[],
  options: { idleTimeout?: string | undefined; hashSourceIp?: boolean } = {},
): Filter {
  const specifier =
    targets.length === 1
      ? { case: "cluster" as const, value: targets[0]!.cluster }
      : {
          case: "weightedClusters" as const,
          value: { clusters: targets.map(({ cluster, weight }) => ({ name: cluster, weight })) },
        };
  const value = any(TcpProxySchema, {
    statPrefix,
    clusterSpecifier: specifier,
    ...(options.idleTimeout === undefined ? {} : { idleTimeout: duration(options.idleTimeout) }),
    ...(options.hashSourceIp === true
      ? { hashPolicy: [{ policySpecifier: { case: "sourceIp" as const, value: {} } }] }
      : {}),
  });
  return create(FilterSchema, { name: "envoy.filters.network.tcp_proxy", configType: { case: "typedConfig", value } });
}
