import { createRegistry, fromJson } from "@bufbuild/protobuf";
import type { JsonValue } from "@bufbuild/protobuf";
import { BootstrapSchema } from "#gen/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import { InternalListenerSchema } from "#gen/envoy/extensions/bootstrap/internal_listener/v3/internal_listener_pb.ts";
import { DownstreamConnectionsConfigSchema } from "#gen/envoy/extensions/resource_monitors/downstream_connections/v3/downstream_connections_pb.ts";
import { FixedHeapConfigSchema } from "#gen/envoy/extensions/resource_monitors/fixed_heap/v3/fixed_heap_pb.ts";
import { HttpProtocolOptionsSchema } from "#gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts";
import { expect, test } from "vitest";
import { bootstrap, nodeId } from "./bootstrap.ts";
import type { BootstrapOptions } from "./bootstrap.ts";
import { statsConfig } from "./stats-config.ts";

const options: BootstrapOptions = {
  role: "sidecar",
  ip: "127.17.3.1",
  pod: "checkout-r1-abc",
  namespace: "money",
  serviceAccount: "checkout",
  labels: { app: "checkout" },
  cluster: "bogota",
  network: "bogota",
  locality: { region: "co", zone: "co-a" },
  xdsSocket: "/run/q/bogota.xds",
  adminSocket: "/run/q/p.admin",
  token: "secret",
  proxyAddress: "127.17.3.1:15001",
  appPorts: { "8080": 20012 },
  callees: { "ledger.money.svc.cluster.local": "127.17.3.2" },
};
const registry = createRegistry(
  InternalListenerSchema,
  FixedHeapConfigSchema,
  DownstreamConnectionsConfigSchema,
  HttpProtocolOptionsSchema,
);

test("the bootstrap is Envoy's message, to the last field", () => {
  const message = fromJson(BootstrapSchema, bootstrap(options) as JsonValue, { registry });
  expect(message.node?.id).toBe("sidecar~127.17.3.1~checkout-r1-abc.money~money.svc.cluster.local");
  expect(message.admin?.address?.address).toMatchObject({
    case: "pipe",
    value: { path: "/run/q/p.admin", mode: 0o600 },
  });
  expect(message.node?.metadata).toMatchObject({
    NAMESPACE: "money",
    SERVICE_ACCOUNT: "checkout",
    CLUSTER_ID: "bogota",
    NETWORK: "bogota",
    LABELS: { app: "checkout" },
    QUIPU_PROXY: "127.17.3.1:15001",
    QUIPU_APP_PORTS: { "8080": 20012 },
    QUIPU_CALLEES: { "ledger.money.svc.cluster.local": "127.17.3.2" },
  });
  expect(message.dynamicResources?.adsConfig?.grpcServices[0]?.initialMetadata).toMatchObject([
    { key: "authorization", value: "Bearer secret" },
  ]);
});

test("a gateway has no app, so no metadata of one", () => {
  const { proxyAddress: _, appPorts: __, callees: ___, ...gateway } = options;
  const { node } = bootstrap({ ...gateway, role: "router" }) as { node: { id: string; metadata: object } };
  expect(node.id).toBe(nodeId({ ...options, role: "router" }));
  expect(Object.keys(node.metadata).filter((key) => key.startsWith("QUIPU_"))).toEqual([]);
});

test("socket paths that Linux can't take are refused", () => {
  expect(() => bootstrap({ ...options, adminSocket: `/${"x".repeat(107)}` })).toThrow(
    /adminSocket .* takes 108 bytes; at most 107/,
  );
  expect(() => bootstrap({ ...options, xdsSocket: `/${"x".repeat(106)}` })).not.toThrow();
});

/** Envoy matches the whole of a name against a `safe_regex`. */
const kept = (name: string) => {
  const {
    stats_matcher: {
      inclusion_list: { patterns },
    },
  } = statsConfig() as {
    stats_matcher: {
      inclusion_list: { patterns: { safe_regex?: { regex: string }; prefix?: string; contains?: string }[] };
    };
  };
  return patterns.some(({ safe_regex: regex, prefix, contains }) =>
    regex
      ? new RegExp(`^(?:${regex.regex})$`).test(name)
      : prefix !== undefined
        ? name.startsWith(prefix)
        : name.includes(contains!),
  );
};
const cluster = "cluster.outbound|8080|r1|catalog.food.svc.cluster.local";

test.each([
  "upstream_rq_total",
  "upstream_rq_503",
  "upstream_rq_5xx",
  "upstream_rq_time",
  "upstream_rq_pending_overflow",
  "upstream_rq_retry",
  "upstream_cx_active",
  "upstream_cx_connect_fail",
  "outlier_detection.ejections_active",
  "circuit_breakers.default.rq_open",
])("%s of a cluster is counted", (name) => {
  expect(kept(`${cluster}.${name}`)).toBe(true);
});
test.each([
  "upstream_cx_length_ms",
  "lb_healthy_panic",
  "http2.tx_reset",
  "upstream_flow_control_paused_reading_total",
  "circuit_breakers.default.remaining_rq",
])("%s of a cluster isn't", (name) => {
  expect(kept(`${cluster}.${name}`)).toBe(false);
});

test("the tag of a cluster is its whole name, dots included", () => {
  const { stats_tags: tags } = statsConfig() as { stats_tags: { tag_name: string; regex?: string }[] };
  const regex = new RegExp(tags.find(({ tag_name: name }) => name === "envoy.cluster_name")!.regex!);
  for (const rest of [
    "upstream_rq_503",
    "internal.upstream_rq_503",
    "outlier_detection.ejections_active",
    "membership_total",
  ]) {
    const [, removed, value] = regex.exec(`${cluster}.${rest}`)!;
    expect([removed, value]).toEqual([`${cluster.slice("cluster.".length)}.`, cluster.slice("cluster.".length)]);
  }
});
