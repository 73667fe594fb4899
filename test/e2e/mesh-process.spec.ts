import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isReady } from "../../src/cluster/controllers/pod-state.ts";
import type { Pod } from "../../src/objects/core.ts";
import { checkout } from "../../src/process/home.ts";
import type { MeshConfig } from "../../src/process/mesh.ts";
import { ownProcesses } from "../../src/process/proc.ts";
import { testCluster, until, workload, writeApp, type TestCluster } from "./cluster-process.ts";
import { get } from "./support/envoy.ts";
import { rateLimitObjects } from "./support/rate-limit-objects.ts";

let cluster: TestCluster;
let folder: string;
let config: MeshConfig;
let mesh: ChildProcess;

const log = () => readFileSync(join(folder, "mesh.log"), "utf8");
async function startMesh(): Promise<void> {
  const file = openSync(join(folder, "mesh.log"), "a");
  mesh = spawn(
    process.execPath,
    [join(checkout, "src/process/main.ts"), "mesh", join(dirname(cluster.kubeconfig), "mesh.json")],
    { stdio: ["ignore", file, file] },
  );
  closeSync(file);
  await until("the mesh process serves", async () => {
    if (mesh.exitCode !== null) throw new Error(`it ended:\n${log()}`);
    return (await control("/healthz").catch(() => undefined))?.status === 200;
  });
}
async function stopMesh(signal: NodeJS.Signals): Promise<void> {
  mesh.kill(signal);
  await once(mesh, "exit");
}
function control(path: string, body?: unknown): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { socketPath: config.controlSocket, path, method: body === undefined ? "GET" : "POST", agent: false },
      (response) => {
        let text = "";
        response
          .on("data", (chunk) => (text += chunk))
          .on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
      },
    );
    asked.on("error", reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
}
const json = async (path: string, body?: unknown) => JSON.parse((await control(path, body)).body);
const podOf = async (app: string) =>
  (await cluster.list<Pod>("Pod", "shop")).find((pod) => pod.metadata.labels?.["app"] === app && isReady(pod));
/** What the app `web` gets when it calls `orders` through its sidecar's proxy port. */
const call = async (headers: Record<string, string> = {}) =>
  get({
    host: (await podOf("web"))!.status!.podIP!,
    port: 15001,
    path: "http://orders.shop.svc.cluster.local/",
    headers: { host: "orders.shop.svc.cluster.local", ...headers },
  });
const pushes = async () =>
  [...(await control("/metrics")).body.matchAll(/^quipu_xds_pushes_total\{.*\} (\d+)/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
const settled = () =>
  until("all is acknowledged", async () => {
    const { proxies } = (await json("/proxies")) as { proxies: { settled: boolean }[] };
    return proxies.length === 2 && proxies.every((proxy) => proxy.settled);
  });
/** The process id of a pod's Envoy. */
const sidecarOf = ({ metadata }: Pod) =>
  ownProcesses(config.fleet).find(({ role }) => role.startsWith("sidecar/") && role.endsWith(metadata.uid!))!.pid;
const virtualService = (http: object[]) => ({
  apiVersion: "networking.istio.io/v1",
  kind: "VirtualService",
  metadata: { name: "orders", namespace: "shop" },
  spec: { hosts: ["orders.shop.svc.cluster.local"], http },
});
const destination = { destination: { host: "orders.shop.svc.cluster.local" } };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "quipu-mesh-"));
  cluster = await testCluster();
  config = JSON.parse(readFileSync(join(dirname(cluster.kubeconfig), "mesh.json"), "utf8")) as MeshConfig;
  await cluster.start();
  await startMesh();
  await cluster.apply({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "shop", labels: { "istio-injection": "enabled" } },
  });
  for (const name of ["web", "orders"])
    await cluster.apply(...workload(name, writeApp(join(folder, name), `${name} here`)).slice(1));
  await until("both apps are ready", async () => (await podOf("web")) && (await podOf("orders")));
});
afterAll(async () => {
  if (mesh && mesh.exitCode === null && mesh.signalCode === null) await stopMesh("SIGKILL");
  await cluster?.dispose();
  rmSync(folder, { recursive: true, force: true });
});

test("objects of a Kubernetes API become a working pair of sidecars", async () => {
  await settled();
  const answer = await until("a call succeeds", async () => {
    const got = await call().catch(() => undefined);
    return got?.status === 200 ? got : undefined;
  });
  expect(JSON.parse(answer.body)).toMatchObject({ text: "orders here" });
});

test("an edit: acknowledged by all, exactly then in force", async () => {
  await cluster.apply(
    virtualService([{ fault: { abort: { httpStatus: 418, percentage: { value: 100 } } }, route: [destination] }]),
  );
  const { metadata } = (await cluster.get("VirtualService", "shop", "orders"))!;
  const object = {
    kind: "VirtualService",
    namespace: "shop",
    name: "orders",
    resourceVersion: metadata.resourceVersion!,
  };
  const answer = await until("everyone has it", async () => {
    const found = await json("/acknowledged", { objects: [object] });
    return found.complete ? found : undefined;
  });
  expect(answer).toEqual({
    complete: true,
    connected: 2,
    concerned: 2,
    acknowledged: 2,
    unseen: [],
    proxies: [],
    disconnected: [],
  });
  expect((await call()).status).toBe(418);
  const future = await json("/acknowledged", {
    objects: [{ ...object, resourceVersion: String(Number(object.resourceVersion) + 1000) }],
  });
  expect(future).toMatchObject({ complete: false, unseen: ["VirtualService/shop/orders"] });
  await cluster.remove("VirtualService", "shop", "orders");
  const lost = await until("everyone has lost it", async () => {
    const found = await json("/acknowledged", { objects: [{ ...object, resourceVersion: undefined, deleted: true }] });
    return found.complete ? found : undefined;
  });
  expect(lost).toMatchObject({ concerned: 2, acknowledged: 2 });
  expect((await call()).status).toBe(200);
});

test("a route to a subset counts when its cluster is in service too, not when the route alone is acknowledged", async () => {
  const ask = (...objects: object[]) =>
    json("/acknowledged", { objects: objects.map((object) => ({ namespace: "shop", name: "orders", ...object })) });
  const route = { route: [{ destination: { ...destination.destination, subset: "r1" } }] };
  await cluster.apply(virtualService([route]));
  const waiting = await until("the route is there, its cluster isn't", async () => {
    const found = await ask({ kind: "VirtualService" });
    const lacking = (found.proxies as { lacking: { type: string; name: string }[] }[]).flatMap(
      (proxy) => proxy.lacking,
    );
    return found.unseen.length === 0 && lacking.length === 2 && lacking.every(({ type }) => type === "Cluster")
      ? found
      : undefined;
  });
  expect(waiting).toMatchObject({ complete: false, concerned: 2, acknowledged: 0 });
  expect((await call()).status).toBe(503);
  await cluster.apply({
    apiVersion: "networking.istio.io/v1",
    kind: "DestinationRule",
    metadata: { name: "orders", namespace: "shop" },
    spec: { host: "orders.shop.svc.cluster.local", subsets: [{ name: "r1", labels: { app: "orders" } }] },
  });
  await until(
    "everyone has it",
    async () => (await ask({ kind: "VirtualService" }, { kind: "DestinationRule" })).complete,
  );
  expect((await call()).status).toBe(200);
  await cluster.remove("VirtualService", "shop", "orders");
  await cluster.remove("DestinationRule", "shop", "orders");
  await until(
    "everyone has lost both",
    async () =>
      (await ask({ kind: "VirtualService", deleted: true }, { kind: "DestinationRule", deleted: true })).complete,
  );
});

test("a proxy without a stream is named, and until when its certificate is good", async () => {
  const sidecar = sidecarOf((await podOf("orders"))!);
  process.kill(sidecar, "SIGSTOP");
  try {
    await stopMesh("SIGKILL");
    await startMesh();
    const { disconnected } = await until("the other one has come back", async () => {
      const found = await json("/acknowledged", { objects: [] });
      return found.connected === 1 ? found : undefined;
    });
    expect(disconnected).toEqual([
      expect.objectContaining({
        namespace: "shop",
        serviceAccount: expect.any(String),
        certificateUntil: expect.any(Number),
      }),
    ]);
    expect(disconnected[0].id).toContain("~orders");
    expect(disconnected[0].certificateUntil).toBeGreaterThan(Date.now() + 23 * 3_600_000);
  } finally {
    process.kill(sidecar, "SIGCONT");
  }
  const back = await until("it has come back", async () => {
    const found = await json("/acknowledged", { objects: [] });
    return found.connected === 2 ? found : undefined;
  });
  expect(back.disconnected).toEqual([]);
  await settled();
});

test("the configuration of a proxy can be read, encoded and as JSON; no private key is in it", async () => {
  const { proxies } = (await json("/proxies")) as { proxies: { id: string; pod: string }[] };
  const web = proxies.find(({ pod }) => pod.startsWith("web"))!;
  const path = `/proxies/${encodeURIComponent(web.id)}`;
  const encoded = (await json(`${path}/config`)).resources as {
    type: string;
    name: string;
    bytes: string;
    acknowledged: boolean;
  }[];
  expect(encoded.every(({ acknowledged, bytes }) => acknowledged && Buffer.from(bytes, "base64").length > 0)).toBe(
    true,
  );
  expect(new Set(encoded.map(({ type }) => type.split(".").at(-1)))).toEqual(
    new Set(["Cluster", "ClusterLoadAssignment", "Listener", "RouteConfiguration"]),
  );
  const decoded = (await control(`${path}/config?format=json`)).body;
  expect(decoded).toContain('"clusterName":"outbound|80||orders.shop.svc.cluster.local"');
  expect(decoded).not.toContain("PRIVATE KEY");
  expect((await control("/proxies/nobody")).status).toBe(404);
  expect((await control("/metrics")).body).toMatch(/^quipu_mesh_encodings_total\{kind="cluster"\} [1-9]/m);
  expect(await json("/acknowledged", { objects: [{ kind: 7 }] })).toMatchObject({
    code: "mesh/bad-query",
    field: "objects[0].kind",
  });
});

test("killed and started again: requests go on, and nothing is sent since nothing changed", async () => {
  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    await stopMesh(signal);
    expect((await call()).status).toBe(200);
    await startMesh();
    await settled();
    expect(await pushes()).toBe(0);
  }
  expect((await call()).status).toBe(200);
});

test("a second mesh process of the same cluster is refused, and the first goes on", async () => {
  const second = spawn(
    process.execPath,
    [join(checkout, "src/process/main.ts"), "mesh", join(dirname(cluster.kubeconfig), "mesh.json")],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let said = "";
  second.stderr.on("data", (chunk) => (said += chunk));
  expect(await once(second, "exit")).toEqual([1, null]);
  expect(said).toMatch(/is served by another process/);
  expect((await control("/healthz")).status).toBe(200);
});

test("a killed Kubernetes API: requests go on, and what changes afterwards arrives", async () => {
  const proxy = {
    host: (await podOf("web"))!.status!.podIP!,
    port: 15001,
    path: "http://orders.shop.svc.cluster.local/",
    headers: { host: "orders.shop.svc.cluster.local" },
  };
  await cluster.kill("SIGKILL");
  expect((await get(proxy)).status).toBe(200);
  expect((await json("/healthz")).proxies).toBe(2);
  await cluster.start();
  await cluster.apply(
    virtualService([{ fault: { abort: { httpStatus: 418, percentage: { value: 100 } } }, route: [destination] }]),
  );
  await until("it is in force", async () => (await get(proxy)).status === 418);
  await cluster.remove("VirtualService", "shop", "orders");
  await until("and gone again", async () => (await get(proxy)).status === 200);
});

test("a cluster-wide rate limit refuses at the right count; when the service is away, requests pass", async () => {
  await cluster.apply(...rateLimitObjects());
  const object = { kind: "EnvoyFilter", namespace: "shop", name: "orders" };
  await until(
    "everyone has it",
    async () =>
      (await json("/acknowledged", { objects: [object] })).complete && (await json("/ratelimit")).configs.length === 1,
  );
  // A changed listener takes over a moment after its acknowledgement, and connections that were open keep the filters
  // that they began with; Envoy ends them after their next answer.
  await until("the limit is asked for", async () => {
    await call({ "x-user": "zoe" });
    return (await json("/ratelimit")).size > 0;
  });
  const as = (user: string) => call({ "x-user": user });
  const statuses: number[] = [];
  for (let count = 0; count < 5; count++) statuses.push((await as("ana")).status);
  expect(statuses).toEqual([200, 200, 200, 429, 429]);
  expect((await as("ana")).headers).toMatchObject({ "x-ratelimit-limit": "3", "x-ratelimit-remaining": "0" });
  expect((await as("ben")).status).toBe(200);
  const { counters } = (await json("/ratelimit")) as { counters: object[] };
  expect(counters).toMatchObject([
    { domain: "orders.shop", hits: 6, limit: 3 },
    { hits: 1, limit: 3 },
    { hits: 1, limit: 3 },
  ]);
  await stopMesh("SIGKILL");
  expect((await as("ana")).status).toBe(200);
  await startMesh();
});
