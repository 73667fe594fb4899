import type { JsonValue } from "@bufbuild/protobuf";

/** Envoy resources for a pair: a calling proxy, and one that serves an app behind mutual TLS. JSON as in Envoy's own reference. */
const ads = { ads: {}, resourceApiVersion: "V3", initialFetchTimeout: "0s" };
const ownCertificate = {
  alpnProtocols: ["http/1.1"],
  tlsCertificateSdsSecretConfigs: [{ name: "default", sdsConfig: ads }],
  validationContextSdsSecretConfig: { name: "ROOTCA", sdsConfig: ads },
};

function tls(type: "UpstreamTlsContext" | "DownstreamTlsContext", fields: Record<string, JsonValue>): JsonValue {
  return {
    name: "envoy.transport_sockets.tls",
    typedConfig: { "@type": `type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.${type}`, ...fields },
  };
}

export function outboundCluster(name: string, fields: Record<string, JsonValue> = {}): JsonValue {
  return {
    name,
    type: "EDS",
    connectTimeout: "1s",
    edsClusterConfig: { edsConfig: ads, serviceName: name },
    transportSocket: tls("UpstreamTlsContext", { commonTlsContext: ownCertificate }),
    ...fields,
  };
}

export function localCluster(name: string, port: number): JsonValue {
  return { name, type: "STATIC", connectTimeout: "1s", loadAssignment: assignment(name, [port]) };
}

export function assignment(name: string, ports: number[]): { clusterName: string; endpoints: JsonValue[] } {
  const lbEndpoints = ports.map((portValue) => ({
    endpoint: { address: { socketAddress: { address: "127.0.0.1", portValue } } },
  }));
  return { clusterName: name, endpoints: [{ lbEndpoints }] };
}

export function routes(name: string, cluster: string): JsonValue {
  return {
    name,
    virtualHosts: [{ name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster } }] }],
  };
}

/** With `mutualTls` callers must show a certificate of the mesh. */
export function httpListener(name: string, port: number, routeName: string, mutualTls: boolean): JsonValue {
  const manager = {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    statPrefix: name,
    rds: { configSource: ads, routeConfigName: routeName },
    httpFilters: [
      {
        name: "envoy.filters.http.router",
        typedConfig: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
      },
    ],
  };
  return {
    name,
    address: { socketAddress: { address: "127.0.0.1", portValue: port } },
    filterChains: [
      {
        filters: [{ name: "envoy.filters.network.http_connection_manager", typedConfig: manager }],
        ...(mutualTls && {
          transportSocket: tls("DownstreamTlsContext", {
            requireClientCertificate: true,
            commonTlsContext: ownCertificate,
          }),
        }),
      },
    ],
  };
}
