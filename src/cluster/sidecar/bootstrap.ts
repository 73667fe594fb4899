/**
 * The file with which a pod's Envoy starts: who it is and where its mesh process listens. Everything else (listeners,
 * clusters, routes, endpoints, secrets) comes over the one aggregated delta stream. Pure: data in, data out.
 */
import { statsConfig } from "./stats-config.ts";

export interface BootstrapOptions {
  role: "sidecar" | "router";
  /** The pod's IP (`<net>.k.1`). */
  ip: string;
  /** The pod's name. */
  pod: string;
  namespace: string;
  serviceAccount: string;
  labels: Readonly<Record<string, string>>;
  /** Cluster and network ids. */
  cluster: string;
  network: string;
  locality: { region: string; zone: string };
  /** Absolute paths of Unix sockets, in a 0700 folder: where the mesh process serves, and where Envoy opens its admin interface. */
  xdsSocket: string;
  adminSocket: string;
  /** The pod's token, bound to it. The file holds it: write it 0600. */
  token: string;
  /** Sidecars only. `IP:15001`. */
  proxyAddress?: string;
  /** Declared port → the app's private port on loopback. */
  appPorts?: Readonly<Record<string, number>>;
  /** Non-HTTP callees: host → the address on which the sidecar stands in for it. */
  callees?: Readonly<Record<string, string>>;
}

/** The version of Istio's API whose behaviour the mesh follows, as proxies state it. */
const istioVersion = "1.31.0";
/** Linux: sun_path holds 108 bytes, the closing zero among them. */
const longestSocketPath = 107;

/** `node.id`, as Istio forms it. */
export function nodeId({
  role,
  ip,
  pod,
  namespace,
}: Pick<BootstrapOptions, "role" | "ip" | "pod" | "namespace">): string {
  return `${role}~${ip}~${pod}.${namespace}~${namespace}.svc.cluster.local`;
}

/** Envoy's bootstrap (envoy.config.bootstrap.v3.Bootstrap) as JSON. Throws a RangeError for a socket path that is too long. */
export function bootstrap(options: BootstrapOptions): Record<string, unknown> {
  for (const [field, path] of [
    ["xdsSocket", options.xdsSocket],
    ["adminSocket", options.adminSocket],
  ] as const) {
    const length = Buffer.byteLength(path);
    if (length > longestSocketPath)
      throw new RangeError(`${field} ${path} takes ${length} bytes; at most ${longestSocketPath} are accepted`);
  }
  const ads = { ads: {}, resource_api_version: "V3", initial_fetch_timeout: "0s" };
  return {
    node: node(options),
    admin: { address: { pipe: { path: options.adminSocket, mode: 0o600 } }, ignore_global_conn_limit: true },
    dynamic_resources: {
      ads_config: {
        api_type: "DELTA_GRPC",
        transport_api_version: "V3",
        set_node_on_first_message_only: true,
        grpc_services: [
          {
            // A restarted mesh process is found again soon, and not by all proxies in the same moment (the back-off is jittered).
            envoy_grpc: {
              cluster_name: "xds",
              retry_policy: { retry_back_off: { base_interval: "0.2s", max_interval: "2s" } },
            },
            initial_metadata: [{ key: "authorization", value: `Bearer ${options.token}` }],
          },
        ],
      },
      cds_config: ads,
      lds_config: ads,
    },
    static_resources: { clusters: [xdsCluster(options.xdsSocket)] },
    bootstrap_extensions: [
      {
        name: "envoy.bootstrap.internal_listener",
        typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener",
        },
      },
    ],
    stats_config: statsConfig(),
    // Counters are put together when they are read, not every five seconds for nobody.
    stats_flush_on_admin: true,
    overload_manager: overloadManager(),
    layered_runtime: { layers: [{ name: "admin", admin_layer: {} }] },
  };
}

/** Envoy's arguments. One worker: a pod has a share of a core, and each worker costs memory. */
export function envoyArguments(bootstrapPath: string, logLevel = "warning"): string[] {
  return [
    "--config-path",
    bootstrapPath,
    "--concurrency",
    "1",
    "--disable-hot-restart",
    "--log-level",
    logLevel,
    "--drain-time-s",
    "30",
    "--drain-strategy",
    "immediate",
  ];
}

function node(options: BootstrapOptions): Record<string, unknown> {
  const { namespace, serviceAccount, labels, cluster, network, proxyAddress, appPorts, callees } = options;
  return {
    id: nodeId(options),
    cluster: `${labels["app"] ?? options.pod}.${namespace}`,
    locality: options.locality,
    metadata: {
      NAMESPACE: namespace,
      LABELS: labels,
      SERVICE_ACCOUNT: serviceAccount,
      CLUSTER_ID: cluster,
      NETWORK: network,
      ISTIO_VERSION: istioVersion,
      ...(proxyAddress !== undefined && { QUIPU_PROXY: proxyAddress }),
      ...(appPorts !== undefined && { QUIPU_APP_PORTS: appPorts }),
      ...(callees !== undefined && { QUIPU_CALLEES: callees }),
    },
  };
}

function xdsCluster(socket: string): Record<string, unknown> {
  return {
    name: "xds",
    type: "STATIC",
    connect_timeout: "1s",
    load_assignment: {
      cluster_name: "xds",
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: socket } } } }] }],
    },
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config: {
          http2_protocol_options: {
            // A mesh process that hangs without closing its socket is noticed.
            connection_keepalive: { interval: "30s", timeout: "10s" },
            initial_stream_window_size: 1024 * 1024,
            initial_connection_window_size: 2 * 1024 * 1024,
          },
        },
      },
    },
  };
}

/** Before memory runs out, requests are turned away (503) rather than the process killed. */
function overloadManager(): Record<string, unknown> {
  const monitor = (name: string, config: Record<string, unknown>) => ({
    name: `envoy.resource_monitors.${name}`,
    typed_config: config,
  });
  const above = (name: string, value: number) => ({
    name: `envoy.overload_actions.${name}`,
    triggers: [{ name: "envoy.resource_monitors.fixed_heap", threshold: { value } }],
  });
  return {
    refresh_interval: "1s",
    resource_monitors: [
      monitor("fixed_heap", {
        "@type": "type.googleapis.com/envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
        max_heap_size_bytes: 512 * 1024 * 1024,
      }),
      monitor("global_downstream_max_connections", {
        "@type":
          "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
        max_active_downstream_connections: 50_000,
      }),
    ],
    actions: [above("shrink_heap", 0.9), above("stop_accepting_requests", 0.95)],
  };
}
