import type { KubeObject } from "../../../src/objects/meta.ts";
import { object } from "./oracle-ground.ts";
import type { Random } from "./oracle-random.ts";

export const users = ["ana", "berta", "carla"];

/** Who may call. Requests that prepare a case always may. */
export function authorization(random: Random): KubeObject[] {
  const policy = (name: string, spec: object) =>
    object("AuthorizationPolicy", "security.istio.io/v1", name, { selector: { matchLabels: { app: "bob" } }, ...spec });
  const operation = () => ({
    ...(random.chance(0.4) && { methods: random.some(["GET", "POST", "PUT", "DELETE"], 0.7).concat("GET") }),
    ...(random.chance(0.5) && {
      paths: random.some(["/items*", "/admin", "*/1", "/", "/a*", "/slow", "/rewritten"], 0.6).concat("/items*"),
    }),
    ...(random.chance(0.1) && { notPaths: ["/admin*"] }),
    ...(random.chance(0.1) && { hosts: ["bob.one", "bob.one:8080", "bob"] }),
  });
  const source = () =>
    random.pick([
      { principals: ["quipu.local/ns/one/sa/ana"] },
      { principals: ["*/sa/ana"] },
      { namespaces: ["one"] },
      { principals: ["quipu.local/ns/one/sa/eve"] },
      { notPrincipals: ["*/sa/eve"] },
      { principals: ["cluster.local/ns/one/sa/ana"] },
    ]);
  const prepared = { when: [{ key: "request.headers[x-prime]", values: ["r1", "r2"] }] };
  const rule = () => ({
    ...(random.chance(0.85) && { from: [{ source: source() }] }),
    ...(random.chance(0.6) && { to: [{ operation: operation() }] }),
    ...(random.chance(0.15) && {
      when: [{ key: "request.headers[x-user]", values: random.some(users, 0.7).concat("ana") }],
    }),
  });
  const allow = random.chance(0.85)
    ? [policy("allow", { rules: [prepared, ...Array.from({ length: random.integer(1, 2) }, rule)] })]
    : [];
  const deny = random.chance(0.3)
    ? [
        policy("deny", {
          action: "DENY",
          rules: [
            {
              to: [{ operation: { ...operation(), paths: [random.pick(["/admin*", "/slow", "*/1"])] } }],
              when: [{ key: "request.headers[x-prime]", notValues: ["r1", "r2"] }],
            },
          ],
        }),
      ]
    : [];
  return [...allow, ...deny];
}

/** A limit for each value of `x-limited` on each replica, and one for each of `x-global` at the rate-limit service. */
export function limits(tokens: number, deny: boolean): KubeObject {
  const beforeRouter = (value: object) => ({
    applyTo: "HTTP_FILTER",
    match: {
      context: "SIDECAR_INBOUND",
      listener: {
        filterChain: {
          filter: {
            name: "envoy.filters.network.http_connection_manager",
            subFilter: { name: "envoy.filters.http.router" },
          },
        },
      },
    },
    patch: { operation: "INSERT_BEFORE", value },
  });
  const always = { default_value: { numerator: 100, denominator: "HUNDRED" } };
  const actions = (index: string, name: string) => [
    { generic_key: { descriptor_key: "limit", descriptor_value: index } },
    { request_headers: { header_name: name, descriptor_key: name } },
  ];
  return object("EnvoyFilter", "networking.istio.io/v1alpha3", "bob", {
    workloadSelector: { labels: { app: "bob" } },
    configPatches: [
      beforeRouter({
        name: "envoy.filters.http.local_ratelimit",
        typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
          stat_prefix: "local",
          filter_enabled: always,
          filter_enforced: always,
          max_dynamic_descriptors: 10_000,
          rate_limits: [{ actions: actions("0", "x-limited") }],
          descriptors: [
            {
              entries: [
                { key: "limit", value: "0" },
                { key: "x-limited", value: "" },
              ],
              token_bucket: { max_tokens: tokens, tokens_per_fill: tokens, fill_interval: "3600s" },
            },
          ],
        },
      }),
      beforeRouter({
        name: "envoy.filters.http.ratelimit",
        typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit",
          domain: "bob.one",
          failure_mode_deny: deny,
          timeout: "2s",
          rate_limit_service: {
            transport_api_version: "V3",
            grpc_service: {
              envoy_grpc: {
                cluster_name: "outbound|8081||ratelimit.quipu-system.svc.cluster.local",
                authority: "ratelimit.quipu-system.svc.cluster.local",
              },
              timeout: "2s",
            },
          },
        },
      }),
      {
        applyTo: "VIRTUAL_HOST",
        match: { context: "SIDECAR_INBOUND", routeConfiguration: { vhost: { name: "" } } },
        patch: { operation: "MERGE", value: { rate_limits: [{ actions: actions("1", "x-global") }] } },
      },
    ],
  });
}
