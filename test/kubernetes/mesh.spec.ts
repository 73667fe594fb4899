import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { KubeClient } from "../../src/kube/kube-client.ts";
import { kubeconfigFor } from "../../src/kube/kubeconfig.ts";
import type { KubeConnection } from "../../src/kube/kube-connection.ts";
import { typeUrls } from "../../src/mesh/resource.ts";
import { TestProxy } from "../../src/mesh/xds/testing.ts";
import { kinds } from "../../src/objects/kinds.ts";
import type { KubeObject } from "../../src/objects/meta.ts";
import { createRoot } from "../../src/trust/root.ts";
import { get } from "../e2e/support/envoy.ts";
import { eventually } from "../harness/eventually.ts";
import { startClusterMesh, type ClusterMesh } from "../harness/cluster-mesh.ts";
import { startSdsServer } from "../harness/sds-server.ts";
import { createPod, startSidecar, tokenOf, type MeshPod } from "./support/mesh-pods.ts";
import { realGround } from "./support/real-ground.ts";
import { sharedCluster } from "./support/shared-cluster.ts";

const namespace = "own-mesh";
const trustDomain = "quipu.local";
const third = 1 + (process.pid % 200);
const web: MeshPod = { name: "web-1", namespace, app: "web", ip: `127.249.${third}.1` };
const orders: MeshPod = { name: "orders-1", namespace, app: "orders", ip: `127.250.${third}.1` };
const { kubeconfig } = await sharedCluster();
const folder = mkdtempSync(join(tmpdir(), "quipu-own-mesh-"));
const closers: (() => unknown)[] = [];
let connection: KubeConnection;
let client: KubeClient;
let mesh: ClusterMesh;
let token: string;

const virtualService = (http: object[]): KubeObject => ({
  ...{ apiVersion: "networking.istio.io/v1", kind: "VirtualService", metadata: { name: "orders", namespace } },
  spec: { hosts: ["orders"], http },
});
const apply = (object: KubeObject) => client.apply(object, { fieldManager: "test", force: true });
const call = () =>
  get({
    ...{ host: web.ip, port: 15_001, path: "http://orders/hello" },
    headers: { host: "orders" },
  });

beforeAll(async () => {
  ({ connection } = await realGround());
  client = new KubeClient(connection);
  closers.push(() => client.close());
  const root = await createRoot({ trustDomain, now: Date.now() });
  const authority = await root.issueIntermediate("uno", { now: Date.now() });
  const server = await authority.issueServer({ ips: ["127.0.0.1"], now: Date.now() });
  writeFileSync(join(folder, "tls.crt"), server.certChainPem);
  writeFileSync(join(folder, "tls.key"), server.keyPem, { mode: 0o600 });

  const app = createServer((request, response) =>
    response.end(`orders here, called by ${request.headers["x-forwarded-client-cert"] as string}`),
  );
  await new Promise<void>((resolve) => app.listen(0, "127.0.0.1", resolve));
  closers.push(() => app.close());
  orders.appPorts = { "8080": (app.address() as AddressInfo).port };

  await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  closers.push(() => client.delete(kinds.Namespace, { name: namespace }));
  for (const name of ["web", "orders"])
    await apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } });
  await apply({
    ...{ apiVersion: "v1", kind: "Service", metadata: { name: "orders", namespace } },
    spec: { selector: { app: "orders" }, ports: [{ name: "http", port: 80, targetPort: 8080 }] },
  });
  // A real cluster has no loopback addresses in EndpointSlices: the process joins as a WorkloadEntry.
  await apply({
    ...{ apiVersion: "networking.istio.io/v1", kind: "WorkloadEntry", metadata: { name: "orders-1", namespace } },
    spec: {
      address: orders.ip,
      ports: { http: 8080 },
      labels: { app: "orders", "security.istio.io/tlsMode": "istio" },
      serviceAccount: "orders",
    },
  });
  await apply({
    ...{ apiVersion: "security.istio.io/v1", kind: "PeerAuthentication", metadata: { name: "default", namespace } },
    spec: { mtls: { mode: "STRICT" } },
  });

  const tls = ["--tls-cert", join(folder, "tls.crt"), "--tls-key", join(folder, "tls.key")];
  mesh = await startClusterMesh(["--kubeconfig", kubeconfig, "--trust-domain", trustDomain, ...tls]);
  closers.push(() => mesh.stop());
  for (const pod of [web, orders]) {
    const uid = await createPod(client, pod);
    const own = await tokenOf(connection, pod, uid);
    if (pod === web) token = own;
    const spiffeId = `spiffe://${trustDomain}/ns/${namespace}/sa/${pod.app}`;
    const leaf = await authority.issueWorkload({ spiffeId, now: Date.now() });
    const sdsSocket = join(folder, `${pod.name}.sds`);
    const sds = await startSdsServer(sdsSocket, { ...leaf, rootPem: root.certPem });
    closers.push(() => sds.close());
    const envoy = await startSidecar(pod, {
      ...{ mesh: mesh.address, meshRoot: root.certPem, token: own, sdsSocket, folder },
    });
    closers.push(() => envoy.stop());
  }
});
afterAll(async () => {
  for (const close of closers.toReversed()) await close();
  rmSync(folder, { recursive: true, force: true });
});

test("real Envoys get their configuration from it, and call each other with mutual TLS", async () => {
  const { body } = await eventually(async () => {
    const answer = await call();
    expect(answer.status).toBe(200);
    return answer;
  });
  expect(body).toContain("orders here");
  expect(body).toContain(`URI=spiffe://${trustDomain}/ns/${namespace}/sa/web`);
});

test("a service with an instance outside the mesh: those within are called with mutual TLS, that one without", async () => {
  const ip = `127.251.${third}.1`;
  const outside = createServer((_request, response) => response.end("orders outside"));
  await new Promise<void>((resolve) => outside.listen(8080, ip, resolve));
  await apply({
    ...{ apiVersion: "networking.istio.io/v1", kind: "WorkloadEntry", metadata: { name: "orders-2", namespace } },
    spec: { address: ip, ports: { http: 8080 }, labels: { app: "orders" } },
  });
  const answers: string[] = [];
  await eventually(async () => {
    const { status, body } = await call();
    answers.push(`${status} ${body.slice(0, 14)}`);
    expect(body).toBe("orders outside");
  });
  for (let count = 0; count < 20; count++) {
    const { status, body } = await call();
    answers.push(`${status} ${body.slice(0, 14)}`);
  }
  await client.delete(kinds.WorkloadEntry, { namespace, name: "orders-2" });
  outside.close();
  expect(new Set(answers)).toEqual(new Set(["200 orders here, c", "200 orders outside"]));
});

test("what anybody writes to the cluster takes effect", async () => {
  const route = [{ destination: { host: "orders" } }];
  const always = { percentage: { value: 100 } };
  await apply(virtualService([{ route, fault: { abort: { httpStatus: 418, ...always } } }]));
  await eventually(async () => expect((await call()).status).toBe(418));
  await client.delete(kinds.VirtualService, { namespace, name: "orders" });
  await eventually(async () => expect((await call()).status).toBe(200));

  await apply({
    ...{ apiVersion: "security.istio.io/v1", kind: "AuthorizationPolicy", metadata: { name: "orders", namespace } },
    spec: {
      selector: { matchLabels: { app: "orders" } },
      rules: [{ from: [{ source: { principals: [`${trustDomain}/ns/${namespace}/sa/nobody`] } }] }],
    },
  });
  await eventually(async () => expect((await call()).status).toBe(403));
  await client.delete(kinds.AuthorizationPolicy, { namespace, name: "orders" });
  await eventually(async () => expect((await call()).status).toBe(200));
});

test("a second mesh beside it, in plain text, proves tokens with the kube-apiserver, and takes no other", async () => {
  const second = await startClusterMesh(["--kubeconfig", kubeconfig, "--trust-domain", trustDomain]);
  closers.push(() => second.stop());
  const open = (given: { token?: string; pod: string; ip: string }) => {
    const proxy = new TestProxy(second.address, { namespace, ...given });
    proxy.send(typeUrls.cluster);
    return proxy;
  };
  const good = open({ token, pod: web.name, ip: web.ip });
  const names = (await good.take()).resources.map(({ name }) => name);
  expect(names).toContain(`outbound|80||orders.${namespace}.svc.cluster.local`);
  good.close();
  for (const [given, code] of [
    [{ pod: web.name, ip: web.ip }, 16],
    [{ token: `${token.slice(0, -8)}AAAAAAAA`, pod: web.name, ip: web.ip }, 16],
    [{ token, pod: orders.name, ip: orders.ip }, 7],
  ] as const) {
    const bad = open(given);
    expect((await bad.ended).code).toBe(code);
    bad.close();
  }
});

test("a cluster that doesn't let it read is told, with all that is missing", async () => {
  const { server, ca } = connection;
  const powerless = join(folder, "powerless.kubeconfig");
  writeFileSync(powerless, JSON.stringify(kubeconfigFor("uno", { server, ...(ca && { ca }), token })), { mode: 0o600 });
  await expect(startClusterMesh(["--kubeconfig", powerless, "--identity", "node"])).rejects.toThrow(
    /ended with 1: error: .* doesn't let it read what it needs:[^]*list resource "services"[^]*list resource "virtualservices"/,
  );
});

test("SIGTERM ends it cleanly, and proxies go on with what they have", async () => {
  expect(await mesh.stop()).toBe(0);
  expect(mesh.log()).toContain("proxies go on with what they have");
  expect((await call()).status).toBe(200);
});
