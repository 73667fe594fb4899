const inbound = { context: "SIDECAR_INBOUND" };

/** Three requests a day for each value of `x-user` at the app `orders`, all replicas together: what is applied for such a limit. */
export function rateLimitObjects(): object[] {
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "quipu-system" } },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "ratelimit", namespace: "quipu-system" },
      spec: { ports: [{ name: "grpc-ratelimit", port: 8081, targetPort: 8081, appProtocol: "grpc" }] },
    },
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "ratelimit-orders", namespace: "quipu-system", labels: { "quipu.dev/ratelimit": "true" } },
      data: {
        "config.yaml":
          "domain: orders.shop\ndescriptors: [{ key: limit, value: '0', descriptors: [{ key: x-user, rate_limit: { unit: day, requests_per_unit: 3 } }] }]",
      },
    },
    {
      apiVersion: "networking.istio.io/v1alpha3",
      kind: "EnvoyFilter",
      metadata: { name: "orders", namespace: "shop" },
      spec: {
        workloadSelector: { labels: { app: "orders" } },
        configPatches: [
          {
            applyTo: "HTTP_FILTER",
            match: {
              ...inbound,
              listener: {
                filterChain: {
                  filter: {
                    name: "envoy.filters.network.http_connection_manager",
                    subFilter: { name: "envoy.filters.http.router" },
                  },
                },
              },
            },
            patch: {
              operation: "INSERT_BEFORE",
              value: {
                name: "envoy.filters.http.ratelimit",
                typed_config: {
                  "@type": "type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit",
                  domain: "orders.shop",
                  timeout: "1s",
                  rate_limit_service: {
                    transport_api_version: "V3",
                    grpc_service: {
                      envoy_grpc: {
                        cluster_name: "outbound|8081||ratelimit.quipu-system.svc.cluster.local",
                        authority: "ratelimit",
                      },
                      timeout: "1s",
                    },
                  },
                },
              },
            },
          },
          {
            applyTo: "VIRTUAL_HOST",
            match: { ...inbound, routeConfiguration: { vhost: { name: "" } } },
            patch: {
              operation: "MERGE",
              value: {
                rate_limits: [
                  {
                    actions: [
                      { generic_key: { descriptor_key: "limit", descriptor_value: "0" } },
                      { request_headers: { header_name: "x-user", descriptor_key: "x-user" } },
                    ],
                  },
                ],
              },
            },
          },
        ],
      },
    },
  ];
}
