import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startTestServer, testToken, type TestServer } from "../cluster/api/testing-server.ts";
import { KubeClient } from "../kube/kube-client.ts";
import type { Seen } from "../model/rows.ts";
import type { Deployment, Service } from "../objects/core.ts";
import { kinds } from "../objects/kinds.ts";
import type { KubeObject } from "../objects/meta.ts";
import { eventually as within } from "../../test/harness/eventually.ts";
import { ClusterWorker, type ClusterWorkerOptions } from "./cluster-worker.ts";
import { DesiredObjects, keyText, objectKey } from "./desired.ts";
import { memoryLedger, type Ledger } from "./ledger.ts";
import type { WorkerEvent } from "./worker-event.ts";

/** Shorter than a test may take, so that what was missing is told. */
const eventually = <T>(check: () => T | Promise<T>) => within(check, 4000, 10);

/** The worker against the embedded cluster's API over real HTTPS. */
let api: TestServer;
let kube: KubeClient;
let other: KubeClient;
let desired: DesiredObjects;
let ledger: Ledger;
let workers: ClusterWorker[];
beforeEach(async () => {
  api = await startTestServer();
  const connection = { server: `https://127.0.0.1:${api.port}`, ca: api.rootPem };
  kube = new KubeClient({ ...connection, token: testToken });
  const { cert, key } = await api.clientCertificate("somebody", ["system:masters"]);
  other = new KubeClient({ ...connection, cert, key });
  desired = new DesiredObjects();
  ledger = memoryLedger();
  workers = [];
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  await Promise.all([kube.close(), other.close()]);
  await api.stop();
});

interface Running { worker: ClusterWorker; events: WorkerEvent[]; seen: () => Seen; applied: (revision: number) => Promise<void>; told: () => string[] }
function start(options: Partial<ClusterWorkerOptions> = {}): Running {
  const events: WorkerEvent[] = [];
  let last: Seen | undefined;
  const worker = new ClusterWorker({ cluster: "lima", kube, desired, ledger, report: (seen) => { last = seen; }, event: (event) => events.push(event), backOff: { baseMs: 20, maxMs: 200 }, reportMs: 5, rateLimit: { perSecond: 10_000, burst: 10_000 }, ...options });
  workers.push(worker);
  worker.start();
  return {
    worker, events, seen: () => last!,
    applied: (revision) => eventually(() => expect(last?.applied).toBe(revision)),
    told: () => events.flatMap((event) => ("key" in event ? [`${event.type} ${keyText(event.key)}`] : [event.type])),
  };
}

const namespace = (name = "money"): KubeObject => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
const service = (name: string, port = 80): Service => ({ apiVersion: "v1", kind: "Service", metadata: { name, namespace: "money", labels: { app: name } }, spec: { selector: { app: name }, ports: [{ name: "http", port }] } });
const account = (name: string): KubeObject => ({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: "money" } });
const deployment = (name: string, spec: object = {}): Deployment => ({
  apiVersion: "apps/v1", kind: "Deployment", metadata: { name, namespace: "money", labels: { app: name } },
  spec: { selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "app", image: "example/app:1", resources: { requests: { cpu: "1000m" } } }] } }, ...spec },
});
const virtualService = (name: string): KubeObject => ({ apiVersion: "networking.istio.io/v1", kind: "VirtualService", metadata: { name, namespace: "money", labels: { app: name } }, spec: { hosts: [name], http: [{ timeout: "3s", route: [{ destination: { host: name } }] }] } });
const app = (name: string) => [service(name), account(name), deployment(name), virtualService(name)];
const at = (name: string) => ({ namespace: "money", name });

describe("apply", () => {
  test("everything, in dependency order, with our marks; then nothing more; then only what changes", async () => {
    desired.change(7, { put: [...app("checkout").toReversed(), namespace()] });
    const { applied, told, events, worker } = start({ concurrency: 1 });
    await applied(7);
    expect(told()).toEqual(["applied Namespace money", "applied ServiceAccount money/checkout", "applied Service money/checkout", "applied Deployment money/checkout", "applied VirtualService money/checkout"]);
    const live = await kube.get<Service>(kinds.Service, at("checkout"));
    expect(live.metadata).toMatchObject({ labels: { "quipu.dev/managed": "true" }, annotations: { "quipu.dev/row-revision": "7" } });
    expect(live.metadata.managedFields?.map(({ manager, operation }) => [manager, operation])).toContainEqual(["quipu", "Apply"]);

    events.length = 0;
    desired.change(8, { put: [service("checkout", 81)] });
    await applied(8);
    expect(told()).toEqual(["applied Service money/checkout"]);
    expect((await kube.get<Service>(kinds.Service, at("checkout"))).spec?.ports?.[0]?.port).toBe(81);
    desired.change(9, { put: [service("checkout", 81)], rowRevision: 8 });
    desired.change(10, {});
    await applied(10);
    expect(told()).toHaveLength(1);
    expect(worker.status()).toMatchObject({ pending: 0, failures: [] });
  });

  test("a field that isn't wanted any more goes", async () => {
    desired.change(1, { put: [namespace(), deployment("checkout", { minReadySeconds: 5 })] });
    const { applied } = start();
    await applied(1);
    desired.change(2, { put: [deployment("checkout")] });
    await applied(2);
    expect((await kube.get<Deployment>(kinds.Deployment, at("checkout"))).spec).not.toHaveProperty("minReadySeconds");
  });

  test("what is refused is told by name and tried again; others go on; the revision waits for it", async () => {
    const broken = { ...service("broken"), spec: { selector: { app: "x" }, ports: [{ name: "http", port: 700_000 }] } };
    desired.change(3, { put: [namespace(), broken, virtualService("broken"), ...app("checkout")] });
    const { seen, events, applied } = start();
    await eventually(() => expect(events.map((event) => event.type === "applied" && keyText(event.key))).toContain("VirtualService money/checkout"));
    await eventually(() => expect(seen()).toMatchObject({ applied: 0, error: expect.stringMatching(/^Service money\/broken: .*ports.*port/) }));
    expect(await kube.find(kinds.VirtualService, at("broken"))).toBeUndefined();
    desired.change(4, { put: [service("broken")] });
    await applied(4);
    await eventually(() => expect(seen().error).toBeUndefined());
    expect(await kube.find(kinds.VirtualService, at("broken"))).toBeDefined();
  });

  test("an object that carries a later revision is left alone", async () => {
    desired.change(5, { put: [namespace(), service("checkout")] });
    const newer = { ...service("checkout", 99), metadata: { ...service("checkout").metadata, labels: { "quipu.dev/managed": "true" }, annotations: { "quipu.dev/row-revision": "9" } } };
    await other.create(namespace());
    await other.apply(newer, { fieldManager: "quipu" });
    const { events, applied } = start();
    await applied(5);
    expect(events).toContainEqual({ type: "yielded", key: objectKey(service("checkout")), found: 9 });
    expect((await kube.get<Service>(kinds.Service, at("checkout"))).spec?.ports?.[0]?.port).toBe(99);
  });

  test("an autoscaler's Deployment keeps its replicas, also when the autoscaler comes later", async () => {
    desired.change(1, { put: [namespace(), deployment("checkout", { replicas: 4 })] });
    const { applied } = start();
    await applied(1);
    const scaler = { apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler", metadata: at("checkout"), spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "checkout" }, minReplicas: 2, maxReplicas: 9 } };
    desired.change(2, { put: [scaler] });
    await applied(2);
    const replicas = async () => (await kube.get<Deployment>(kinds.Deployment, at("checkout"))).spec?.replicas;
    expect(await replicas()).toBe(4);
    await other.patch(kinds.Deployment, at("checkout"), { spec: { replicas: 7 } }, "merge", { fieldManager: "autoscaler" });
    desired.change(3, { put: [deployment("checkout", { replicas: 4, minReadySeconds: 1 })] });
    await applied(3);
    expect(await replicas()).toBe(7);
  });
});

describe("drift", () => {
  test("a changed and a taken field are put right, and told with the one who did it", async () => {
    desired.change(1, { put: [namespace(), deployment("checkout")] });
    const { applied, events } = start();
    await applied(1);
    await other.patch(kinds.Deployment, at("checkout"), { metadata: { labels: { app: "stolen", theirs: "stays" } }, spec: { minReadySeconds: 9 } }, "merge", { fieldManager: "vandal" });
    const drift = await eventually(() => events.find((event) => event.type === "drift") ?? expect.fail("no drift yet"));
    expect(drift).toMatchObject({ key: "apps/v1/Deployment/money/checkout", drift: { deleted: false, managers: ["vandal"], fields: [{ field: ".metadata.labels.app", after: "checkout" }] } });
    const live = await kube.get<Deployment>(kinds.Deployment, at("checkout"));
    expect(live.metadata.labels).toMatchObject({ app: "checkout", theirs: "stays" });
    // What isn't ours is theirs to set.
    expect(live.spec?.minReadySeconds).toBe(9);
  });

  test("a deleted object is made again", async () => {
    desired.change(1, { put: [namespace(), service("checkout")] });
    const { applied, events } = start();
    await applied(1);
    await other.delete(kinds.Service, at("checkout"));
    await eventually(async () => expect(await kube.find(kinds.Service, at("checkout"))).toBeDefined());
    await eventually(() => expect(events).toContainEqual({ type: "drift", key: objectKey(service("checkout")), drift: { deleted: true, fields: [], managers: [] } }));
  });

  test("what happened while nobody looked is found at the next start; without it a start writes nothing", async () => {
    desired.change(1, { put: [namespace(), ...app("checkout")] });
    const first = start();
    await first.applied(1);
    await first.worker.stop();
    const version = async () => (await kube.get(kinds.Deployment, at("checkout"))).metadata.resourceVersion;
    const before = await version();
    const second = start();
    await second.applied(1);
    expect(second.events).toEqual([]);
    expect(await version()).toBe(before);
    await second.worker.stop();
    await other.patch(kinds.VirtualService, at("checkout"), { spec: { http: [] } }, "merge");
    const third = start();
    await eventually(() => expect(third.told()).toEqual(["drift VirtualService money/checkout", "applied VirtualService money/checkout"]));
    expect((await kube.get<KubeObject<{ http: unknown[] }>>(kinds.VirtualService, at("checkout"))).spec?.http).toHaveLength(1);
  });
});

describe("objects that were there before us", () => {
  test("are joined; a field of another manager is a conflict that is told and not taken; they are never pruned", async () => {
    await other.create(namespace());
    await other.create({ ...service("checkout", 8080), spec: { ...service("checkout").spec, selector: { app: "theirs" } } }, { fieldManager: "somebody" });
    desired.change(1, { put: [namespace(), account("checkout"), service("checkout")] });
    const { seen, events, applied } = start();
    await eventually(() => expect(seen()).toMatchObject({ applied: 0, error: expect.stringContaining('.spec.selector is owned by "somebody"') }));
    expect(events.find((event) => event.type === "conflict")).toMatchObject({ conflicts: [{ field: ".spec.selector", manager: "somebody" }] });
    expect((await kube.get<Service>(kinds.Service, at("checkout"))).spec?.selector).toEqual({ app: "theirs" });
    desired.change(2, { put: [{ ...service("checkout"), spec: {} }] });
    await applied(2);
    expect((await kube.get(kinds.Service, at("checkout"))).metadata.labels).toMatchObject({ "quipu.dev/managed": "true" });
    desired.change(3, { remove: [objectKey(service("checkout"))] });
    await applied(3);
    expect(await kube.find(kinds.Service, at("checkout"))).toBeDefined();
    expect((await ledger.read("lima")).map(({ key, made }) => [keyText(key), made]).toSorted()).toEqual([["Namespace money", false], ["ServiceAccount money/checkout", true]]);
  });
});

describe("prune", () => {
  test("what isn't wanted goes in reverse order, at once or at the next start; the namespace only when it is empty", async () => {
    desired.change(1, { put: [namespace(), namespace("food"), ...app("checkout")] });
    const first = start({ concurrency: 1 });
    await first.applied(1);
    await other.create({ apiVersion: "v1", kind: "ConfigMap", metadata: at("theirs") });
    await first.worker.stop();
    desired.change(2, { remove: [namespace(), ...app("checkout")].map(objectKey) });
    const { applied, told } = start({ concurrency: 1 });
    await applied(2);
    expect(told()).toEqual(["pruned VirtualService money/checkout", "pruned Deployment money/checkout", "pruned Service money/checkout", "pruned ServiceAccount money/checkout"]);
    expect((await kube.get(kinds.Namespace, { name: "money" })).metadata.deletionTimestamp).toBeUndefined();
    await other.delete(kinds.ConfigMap, at("theirs"));
    await eventually(() => expect(told()).toContain("pruned Namespace money"));
    await eventually(async () => expect((await ledger.read("lima")).map(({ key }) => key)).toEqual(["v1/Namespace//food"]));
  });

  test("never to empty unless asked", async () => {
    desired.change(1, { put: [namespace(), service("checkout")] });
    const first = start();
    await first.applied(1);
    desired.change(2, { remove: [namespace(), service("checkout")].map(objectKey) });
    await eventually(() => expect(first.seen().error).toMatch(/must be asked for/));
    expect(await kube.find(kinds.Service, at("checkout"))).toBeDefined();
    await first.worker.stop();
    const asked = start({ mayBeEmpty: () => true });
    await asked.applied(2);
    await eventually(async () => expect(await kube.find(kinds.Service, at("checkout"))).toBeUndefined());
  });

  test("nothing that the ledger doesn't know, whatever its marks", async () => {
    await other.create(namespace());
    await other.create({ ...service("stranger"), metadata: { ...service("stranger").metadata, labels: { "quipu.dev/managed": "true" }, annotations: { "quipu.dev/row-revision": "1" } } });
    desired.change(1, { put: [namespace()] });
    const { applied } = start();
    await applied(1);
    desired.change(2, { put: [account("checkout")] });
    await applied(2);
    expect(await kube.find(kinds.Service, at("stranger"))).toBeDefined();
  });
});

test("ready pods are counted by app and revision, with the reason of those that aren't", async () => {
  desired.change(1, { put: [namespace()] });
  const { seen, applied } = start();
  await applied(1);
  const pod = (name: string) => ({ apiVersion: "v1", kind: "Pod", metadata: { ...at(name), labels: { app: "checkout", "quipu.dev/revision": "r4", "quipu.dev/managed": "true" } }, spec: { containers: [{ name: "app", image: "x" }] } });
  for (const name of ["a", "b"]) await other.create(pod(name));
  await eventually(() => expect(seen().ready).toEqual({ checkout: { r4: { ready: 0, total: 2, reason: "starting" } } }));
  await other.patch(kinds.Pod, at("a"), { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } }, "merge", { subresource: "status" });
  await other.patch(kinds.Pod, at("b"), { status: { containerStatuses: [{ name: "app", ready: false, restartCount: 3, image: "x", imageID: "", state: { waiting: { reason: "CrashLoopBackOff" } }, lastState: { terminated: { exitCode: 1 } } }] } }, "merge", { subresource: "status" });
  await eventually(() => expect(seen().ready).toEqual({ checkout: { r4: { ready: 1, total: 2, reason: "CrashLoopBackOff: exited with code 1" } } }));
  expect(Date.now() - seen().at).toBeLessThan(60_000);
});

test("lost contact is told, changes nothing, and is taken up again with the newest word", async () => {
  const line = await relay(api.port);
  const far = new KubeClient({ server: `https://127.0.0.1:${line.port}`, ca: api.rootPem, token: testToken });
  desired.change(1, { put: [namespace(), service("checkout")] });
  const { seen, applied, events } = start({ kube: far });
  await applied(1);
  line.cut();
  desired.change(2, { put: [service("checkout", 81)], remove: [objectKey(namespace())] });
  await eventually(() => expect(events.at(-1)?.type).toBe("contact-lost"));
  await eventually(() => expect(seen().error).toMatch(/can't reach|broken off/));
  const { at: lastSeen } = seen();
  desired.change(3, { put: [service("checkout", 82)] });
  await eventually(() => expect(seen()).toMatchObject({ applied: 1 }));
  expect(seen().at).toBeLessThanOrEqual(lastSeen + 5);
  expect((await other.get<Service>(kinds.Service, at("checkout"))).spec?.ports?.[0]?.port).toBe(80);
  line.mend();
  await applied(3);
  expect((await other.get<Service>(kinds.Service, at("checkout"))).spec?.ports?.[0]?.port).toBe(82);
  expect(events.map(({ type }) => type)).toContain("contact-restored");
  await eventually(() => expect(seen().error).toBeUndefined());
  await workers.pop()!.stop();
  await far.close();
  line.close();
});

/** A line to the API that can be cut. */
async function relay(target: number) {
  const sockets = new Set<Socket>();
  let up = true;
  const server = createServer((near) => {
    if (!up) {
      near.destroy();
      return;
    }
    const far = connect(target, "127.0.0.1");
    for (const [from, to] of [[near, far], [far, near]] as const) {
      sockets.add(from);
      from.on("error", () => to.destroy()).on("close", () => { sockets.delete(from); to.destroy(); }).pipe(to);
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const cut = (): void => {
    up = false;
    for (const socket of sockets) socket.destroy();
  };
  return { port: (server.address() as AddressInfo).port, cut, mend: () => { up = true; }, close: () => { cut(); server.close(); } };
}
