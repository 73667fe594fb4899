import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Registry } from "prom-client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../src/mesh/identity/clock.ts";
import { SecretService } from "../../src/mesh/identity/secret-service.ts";
import type { TokenIdentity } from "../../src/mesh/identity/token-review.ts";
import { typeUrls } from "../../src/mesh/resource.ts";
import { AdsService, deltaMethod } from "../../src/mesh/xds/ads-service.ts";
import { GrpcServer } from "../../src/mesh/xds/grpc-server.ts";
import type { GrpcMethod } from "../../src/mesh/xds/grpc-server.ts";
import { XdsMetrics } from "../../src/mesh/xds/xds-metrics.ts";
import { createRoot } from "../../src/trust/root.ts";
import type { Intermediate } from "../../src/trust/intermediate.ts";
import { assignment, httpListener, localCluster, outboundCluster, routes } from "./support/envoy-json.ts";
import { freePorts, get, startEnvoy, until } from "./support/envoy.ts";
import type { RunningEnvoy } from "./support/envoy.ts";
import { FixedCompiler } from "./support/fixed-compiler.ts";

const { cluster, endpoints, listener, routeConfiguration } = typeUrls;
const outbound = "outbound|8080||orders.money.svc.cluster.local";
const folder = mkdtempSync(join(tmpdir(), "quipu-xds-"));
const xdsSocket = join(folder, "xds");
const compiler = new FixedCompiler();
let intermediate: Intermediate;
let app: Server;
let caller: RunningEnvoy;
let callee: RunningEnvoy;
let ports: { proxy: number; inbound: number; app: number };
let mesh: { ads: AdsService; pushes(): Promise<number>; stop(): Promise<void> };

const tokens: Record<string, TokenIdentity> = Object.fromEntries(
  ["checkout", "orders"].map((name) => [
    `token-${name}`,
    { namespace: "money", serviceAccount: name, podName: `${name}-1`, podUid: name },
  ]),
);

async function startMesh({
  leafTtlMs,
  losing = "nothing",
}: { leafTtlMs?: number; /** Frames with this text in them get lost. */ losing?: string } = {}): Promise<typeof mesh> {
  const registry = new Registry();
  const onError = (error: unknown) => {
    throw error;
  };
  const secrets = new SecretService({
    issuer: intermediate,
    clock: systemClock,
    onError,
    ...(leafTtlMs !== undefined && { leafTtlMs }),
  });
  const ads = new AdsService({
    compiler,
    secrets,
    metrics: new XdsMetrics(registry),
    now: Date.now,
    warmingMs: 500,
    log: { info() {}, warn() {} },
    reviewToken: async (token) => tokens[token],
    pod: () => ({ ip: "127.0.0.1", gateway: false }),
  });
  const method: GrpcMethod = (call) =>
    ads.method({
      path: call.path,
      headers: call.headers,
      signal: call.signal,
      write: (bytes) => Buffer.from(bytes).includes(losing) || call.write(bytes),
      end: (status, message) => call.end(status, message),
    });
  const server = new GrpcServer({ methods: { [deltaMethod]: method } });
  await server.listen({ path: xdsSocket });
  return {
    ads,
    async pushes() {
      const { values } = await registry.getSingleMetric("quipu_xds_pushes_total")!.get();
      return values.reduce((sum, { value }) => sum + value, 0);
    },
    async stop() {
      ads.close();
      await server.close(500);
    },
  };
}
function pod(name: string, token = `token-${name}`) {
  return {
    role: "sidecar" as const,
    ip: "127.0.0.1",
    pod: `${name}-1`,
    namespace: "money",
    serviceAccount: name,
    labels: { app: name },
    cluster: "alpha",
    network: "alpha",
    locality: { region: "south", zone: "a" },
    xdsSocket,
    token,
  };
}
function stream(name: string) {
  return mesh.ads.proxy(`sidecar~127.0.0.1~${name}-1.money~money.svc.cluster.local`);
}
const call = () => get({ host: "127.0.0.1", port: ports.proxy, path: "/hello" });

beforeAll(async () => {
  intermediate = await (
    await createRoot({ trustDomain: "quipu.local", now: Date.now() })
  ).issueIntermediate("alpha", { now: Date.now() });
  app = createServer((request, response) => response.end(`orders heard ${request.url}`)).listen(0, "127.0.0.1");
  await new Promise((resolve) => app.once("listening", resolve));
  const [proxy, inbound] = (await freePorts(2)) as [number, number];
  ports = { proxy, inbound, app: (app.address() as { port: number }).port };
  compiler
    .set("checkout-1", cluster, outbound, outboundCluster(outbound))
    .set("checkout-1", endpoints, outbound, assignment(outbound, [inbound]))
    .set("checkout-1", listener, "proxy", httpListener("proxy", proxy, "http_proxy", false))
    .set("checkout-1", routeConfiguration, "http_proxy", routes("http_proxy", outbound))
    .set("orders-1", cluster, "inbound|8080||", localCluster("inbound|8080||", ports.app))
    .set("orders-1", listener, "inbound", httpListener("inbound", inbound, "inbound", true))
    .set("orders-1", routeConfiguration, "inbound", routes("inbound", "inbound|8080||"));
  mesh = await startMesh();
  [caller, callee] = await Promise.all([startEnvoy(folder, pod("checkout")), startEnvoy(folder, pod("orders"))]);
});
afterAll(async () => {
  await Promise.all([caller?.stop(), callee?.stop()]);
  await mesh?.stop();
  app?.close();
  rmSync(folder, { recursive: true });
});

test("two Envoys get clusters, endpoints, listeners, routes and secrets, and talk by mutual TLS", async () => {
  await until("a call succeeds", async () => (await call().catch(() => undefined))?.status === 200);
  expect((await call()).body).toBe("orders heard /hello");
  expect(await callee.admin("/certs")).toContain("spiffe://quipu.local/ns/money/sa/orders");
  await until("all is acknowledged", () => stream("checkout")!.state.settled() && stream("orders")!.state.settled());
  for (const type of [cluster, listener])
    expect(stream("checkout")!.state.types.get(type)).toMatchObject({ wildcard: true });
});

test("nobody without a certificate of the mesh gets in", async () => {
  await expect(get({ host: "127.0.0.1", port: ports.inbound, path: "/hello" })).rejects.toThrow();
});

test("a changed cluster warms again and is in use, though its endpoints are the same", async () => {
  compiler.set("checkout-1", cluster, outbound, outboundCluster(outbound, { connectTimeout: "2s" })).flush();
  await until("the change is acknowledged", () => stream("checkout")!.state.settled());
  expect(await caller.admin("/config_dump?resource=dynamic_active_clusters&mask=cluster.connect_timeout")).toContain(
    '"2s"',
  );
  expect((await call()).status).toBe(200);
});

test("a rejected cluster: what Envoy says is kept, the last good one stays, the rest goes through", async () => {
  const pushed = await mesh.pushes();
  compiler
    .set("checkout-1", cluster, outbound, outboundCluster(outbound, { type: "STATIC" }))
    .set("checkout-1", cluster, "other", localCluster("other", 1))
    .flush();
  const clusters = stream("checkout")!.state.types.get(cluster)!;
  await until(
    "the rejection is known and the other cluster is there",
    () => clusters.rejected.has(outbound) && clusters.held.has("other") && stream("checkout")!.state.settled(),
  );
  expect(clusters.rejected.get(outbound)!.message).not.toBe("");
  expect([...clusters.rejected.keys()]).toEqual([outbound]);
  expect((await call()).status).toBe(200);
  expect(await mesh.pushes()).toBeLessThanOrEqual(pushed + 3);

  compiler
    .set("checkout-1", cluster, outbound, outboundCluster(outbound, { connectTimeout: "2s" }))
    .set("checkout-1", cluster, "other", undefined)
    .flush();
  await until(
    "all is good again",
    () => clusters.rejected.size === 0 && stream("checkout")!.state.settled() && !clusters.held.has("other"),
  );
});

test("traffic goes on without the server; when it is back, nothing is sent since nothing changed", async () => {
  await mesh.stop();
  expect((await call()).status).toBe(200);
  mesh = await startMesh();
  await until("both have come back", () =>
    ["checkout", "orders"].every((name) => stream(name)?.state.types.get(routeConfiguration)?.requested === true),
  );
  await until("all is settled", () => stream("checkout")!.state.settled() && stream("orders")!.state.settled());
  expect(await mesh.pushes()).toBe(0);
  compiler.set("checkout-1", endpoints, outbound, assignment(outbound, [ports.inbound, 1])).flush();
  await until("the endpoints are acknowledged", () => stream("checkout")!.state.settled());
  expect(await mesh.pushes()).toBe(1);
  compiler.set("checkout-1", endpoints, outbound, assignment(outbound, [ports.inbound])).flush();
  await until("the endpoints are acknowledged", () => stream("checkout")!.state.settled());
});

test("a server that dies while a cluster warms: the next one lets it finish", async () => {
  const timeoutInUse = (seconds: string) => async () =>
    (await caller.admin("/config_dump?resource=dynamic_active_clusters&mask=cluster.connect_timeout")).includes(
      `"${seconds}"`,
    );
  await mesh.stop();
  mesh = await startMesh({ losing: "ClusterLoadAssignment" });
  await until("it has come back", () => stream("checkout")?.state.types.get(routeConfiguration)?.requested === true);
  compiler.set("checkout-1", cluster, outbound, outboundCluster(outbound, { connectTimeout: "3s" })).flush();
  await until("the cluster warms", async () =>
    (await caller.admin("/config_dump?resource=dynamic_warming_clusters&mask=cluster.connect_timeout")).includes(
      '"3s"',
    ),
  );
  await mesh.stop();
  expect(await timeoutInUse("3s")()).toBe(false);
  mesh = await startMesh();
  await until("the cluster is in use", timeoutInUse("3s"));
  expect((await call()).status).toBe(200);
});

test("a cluster that changed while the server was away is in use when it is back", async () => {
  await mesh.stop();
  compiler.set("checkout-1", cluster, outbound, outboundCluster(outbound, { connectTimeout: "4s" })).flush();
  mesh = await startMesh();
  await until("the changed cluster is in use", async () =>
    (await caller.admin("/config_dump?resource=dynamic_active_clusters&mask=cluster.connect_timeout")).includes('"4s"'),
  );
  await until("all is acknowledged", () => stream("checkout")?.state.settled() === true);
  expect((await call()).status).toBe(200);
});

test("a cluster that doesn't become warm holds up routes only for a while", async () => {
  await mesh.stop();
  mesh = await startMesh({ losing: "ClusterLoadAssignment" });
  await until("it has come back", () => stream("checkout")?.state.types.get(routeConfiguration)?.requested === true);
  compiler.set("checkout-1", cluster, "cold", outboundCluster("cold")).flush();
  await until("it warms", async () =>
    (await caller.admin("/config_dump?resource=dynamic_warming_clusters&mask=cluster.name")).includes("cold"),
  );
  const gone = {
    name: "http_proxy",
    virtualHosts: [
      { name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, directResponse: { status: 410 } }] },
    ],
  };
  compiler.set("checkout-1", routeConfiguration, "http_proxy", gone).flush();
  await until("the route is in force", async () => (await call()).status === 410);
  expect(stream("checkout")!.state.types.get(cluster)!.unanswered()).toHaveLength(1);
  compiler.set("checkout-1", cluster, "cold", undefined).flush();
  await until("all answers have come", () => stream("checkout")!.state.types.get(cluster)!.unanswered().length === 0);
  await mesh.stop();
  mesh = await startMesh();
  compiler.set("checkout-1", routeConfiguration, "http_proxy", routes("http_proxy", outbound)).flush();
  await until("calls succeed again", async () => (await call()).status === 200);
});

test("a certificate that doesn't exist is answered for: its cluster alone fails", async () => {
  const nameless = JSON.parse(
    JSON.stringify(outboundCluster("nameless")).replace('"default"', '"kubernetes://missing"'),
  ) as never;
  compiler
    .set("checkout-1", cluster, "nameless", nameless)
    .set("checkout-1", endpoints, "nameless", assignment("nameless", [ports.inbound]))
    .flush();
  await until("it is acknowledged", () => stream("checkout")?.state.settled() === true);
  expect((await call()).status).toBe(200);
  compiler
    .set("checkout-1", cluster, "nameless", undefined)
    .set("checkout-1", endpoints, "nameless", undefined)
    .flush();
  await until("it is gone", () => stream("checkout")!.state.settled());
});

test("certificates are renewed at half their life while requests go on", async () => {
  await mesh.stop();
  mesh = await startMesh({ leafTtlMs: 4000 });
  const serial = async () =>
    (JSON.parse(await callee.admin("/certs")) as { certificates: { cert_chain: { serial_number: string }[] }[] })
      .certificates[0]?.cert_chain[0]?.serial_number;
  const first = await serial();
  await until("the certificate is replaced", async () => (await serial()) !== first);
  const second = await serial();
  await until("and again", async () => (await serial()) !== second);
  expect((await call()).status).toBe(200);
});

test("a wrong token, or another pod's, gets nothing", async () => {
  for (const token of ["stolen", "token-orders"]) {
    const stranger = await startEnvoy(folder, { ...pod("checkout", token), pod: "checkout-2" });
    try {
      await until(
        "it was turned away",
        async () =>
          (await stranger.stat("control_plane.connected_state")) === 0 &&
          /PERMISSION_DENIED|UNAUTHENTICATED|gRPC config stream|closed/.test(stranger.log()),
      );
      expect(JSON.parse(await stranger.admin("/certs"))).toEqual({ certificates: [] });
      expect(await stranger.stat("listener_manager.total_listeners_active")).toBe(0);
    } finally {
      await stranger.stop();
    }
  }
});
