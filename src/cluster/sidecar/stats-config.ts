/** Which of Envoy's statistics exist at all. An Envoy makes over a hundred for each cluster; the mesh reads these. */

/** What follows a cluster's name. Names of clusters contain dots, so the name ends where one of these begins. */
const clusterStats = [
  "upstream_",
  "membership_",
  "circuit_breakers\\.",
  "outlier_detection\\.",
  "lb_",
  "ssl\\.",
  "http2\\.",
  "retry_or_shadow_abandoned",
  "update_",
  "assignment_",
  "default\\.",
  "warming_state",
];

const kept = [
  "upstream_rq_(?:total|active|active_overflow|completed|time|timeout|per_try_timeout|cancelled|maintenance_mode|rx_reset|tx_reset|retry|retry_success|retry_overflow|retry_limit_exceeded|pending_[a-z_]+|[1-5]xx|[1-5][0-9][0-9])",
  "upstream_cx_(?:total|active|connect_fail|connect_timeout|connect_ms|overflow|pool_overflow|destroy|destroy_with_active_rq|rx_bytes_total|tx_bytes_total)",
  "membership_(?:healthy|total|degraded)",
  "outlier_detection\\.ejections_(?:active|overflow|enforced_total)",
  "circuit_breakers\\.(?:default|high)\\.(?:cx|rq|rq_pending|rq_retry)_open",
  "ssl\\.(?:handshake|connection_error|fail_verify_[a-z_]+)",
];

/** `stats_config` of the bootstrap: tags, buckets (ms) and the list of what is counted. */
export function statsConfig(): Record<string, unknown> {
  return {
    use_all_default_tags: false,
    stats_tags: [
      {
        tag_name: "envoy.cluster_name",
        regex: `^cluster\\.((.+?)\\.)(?:internal\\.|external\\.)?(?:${clusterStats.join("|")})`,
      },
      ...[
        "response_code",
        "response_code_class",
        "http_conn_manager_prefix",
        "listener_address",
        "worker_id",
        "ratelimit_prefix",
        "local_http_ratelimit_prefix",
        "rbac_prefix",
      ].map((name) => ({ tag_name: `envoy.${name}` })),
    ],
    histogram_bucket_settings: [
      {
        match: { suffix: "_time" },
        buckets: [
          0.5, 1, 2, 3, 5, 7.5, 10, 15, 25, 50, 75, 100, 150, 250, 500, 750, 1000, 1500, 2500, 5000, 10_000, 30_000,
          60_000,
        ],
      },
    ],
    stats_matcher: {
      inclusion_list: {
        patterns: [
          { safe_regex: { regex: `cluster\\..+\\.(?:${kept.join("|")})` } },
          {
            safe_regex: {
              regex:
                "http\\..+\\.(?:downstream_rq_[a-z0-9_]+|downstream_cx_(?:total|active|destroy|rx_bytes_total|tx_bytes_total|length_ms)|no_route|no_cluster|rbac\\..+|ratelimit\\..+|jwt_authn\\..+|fault\\..+|rq_total|rs_too_large)",
            },
          },
          { contains: "http_local_rate_limit" },
          { contains: "ratelimit" },
          { contains: "rbac" },
          { prefix: "control_plane." },
          { prefix: "cluster_manager." },
          { prefix: "listener_manager." },
          { prefix: "sds." },
          {
            safe_regex: {
              regex:
                "listener\\..+\\.(?:downstream_cx_(?:total|active|overflow|destroy)|ssl\\.(?:handshake|connection_error|fail_verify_[a-z_]+)|no_filter_chain_match)",
            },
          },
          {
            safe_regex: {
              regex:
                "server\\.(?:live|state|uptime|memory_allocated|memory_heap_size|total_connections|days_until_first_cert_expiring|concurrency)",
            },
          },
          {
            safe_regex: {
              regex:
                "tcp\\..+\\.(?:downstream_cx_(?:total|no_route|rx_bytes_total|tx_bytes_total)|upstream_flush_active)",
            },
          },
          { prefix: "overload." },
        ],
      },
    },
  };
}
