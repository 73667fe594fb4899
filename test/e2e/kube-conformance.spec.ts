/**
 * What Quipu relies on in a Kubernetes API. Run against the embedded cluster's API, and, where
 * QUIPU_CONFORMANCE_KUBECONFIG names a kubeconfig, against that one (a bare kube-apiserver is enough) instead.
 */
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startTestServer } from "../../src/cluster/api/testing-server.ts";
import { KubeClient } from "../../src/kube/kube-client.ts";
import { connectionFromKubeconfig, type KubeConnection } from "../../src/kube/kubeconfig.ts";
import { Reflector } from "../../src/kube/reflector.ts";
import type { ConfigMap, Deployment, Service } from "../../src/objects/core.ts";
import { kinds } from "../../src/objects/kinds.ts";
import type { KubeObject } from "../../src/objects/meta.ts";
import { eventually } from "../harness/eventually.ts";

let client: KubeClient;
let connection: KubeConnection;
let stopServer = async (): Promise<void> => undefined;
beforeAll(async () => {
  const given = process.env["QUIPU_CONFORMANCE_KUBECONFIG"];
  const readFile = (path: string) => readFileSync(path, "utf8");
  if (given !== undefined) connection = connectionFromKubeconfig(readFile(given), { path: given, readFile });
  else {
    const api = await startTestServer();
    const path = api.kubeconfig();
    // The way of a user: the kubeconfig's own words, here with a client certificate.
    const { token: _, ...rest } = connectionFromKubeconfig(readFile(path), { path, readFile });
    connection = { ...rest, ...(await api.clientCertificate("conformance", ["system:masters"])) };
    stopServer = () => api.stop();
  }
  client = new KubeClient(connection);
});
afterAll(async () => {
  await client.close();
  await stopServer();
});

let count = 0;
let namespace: string;
beforeEach(async () => {
  namespace = `conformance-${process.pid}-${++count}`;
  await client.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
});
afterEach(() => client.delete(kinds.Namespace, { name: namespace }));

const ref = (name: string) => ({ namespace, name });
const map = (name: string, data: Record<string, string>, labels?: Record<string, string>): ConfigMap => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { ...ref(name), ...(labels && { labels }) }, data });
const service = (spec: Service["spec"]): Service => ({ apiVersion: "v1", kind: "Service", metadata: ref("web"), ...(spec && { spec }) });
const deployment = (container: object = {}, spec: object = {}): Deployment => ({
  apiVersion: "apps/v1", kind: "Deployment", metadata: ref("web"),
  spec: { selector: { matchLabels: { app: "web" } }, template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "app", image: "example/app:1", ...container }] } }, ...spec },
});
const managers = (object: KubeObject) => object.metadata.managedFields?.map(({ manager, operation, subresource }) => `${manager}/${operation}${subresource ? `/${subresource}` : ""}`).toSorted();

describe("objects", () => {
  test("are made once, changed only at the version that was read, and deleted only as meant", async () => {
    const made = await client.create(map("a", { x: "1" }));
    expect(made.metadata).toMatchObject({ name: "a", namespace, uid: expect.any(String), resourceVersion: expect.stringMatching(/^\d+$/), creationTimestamp: expect.any(String) });
    await expect(client.create(map("a", {}))).rejects.toMatchObject({ status: 409, reason: "AlreadyExists" });
    const changed = await client.update({ ...made, data: { x: "2" } });
    expect(Number(changed.metadata.resourceVersion)).toBeGreaterThan(Number(made.metadata.resourceVersion));
    await expect(client.update({ ...made, data: { x: "3" } })).rejects.toMatchObject({ status: 409, reason: "Conflict", conflicts: [] });
    await expect(client.delete(kinds.ConfigMap, ref("a"), { preconditions: { uid: "00000000-0000-4000-8000-000000000000" } })).rejects.toMatchObject({ status: 409, reason: "Conflict" });
    expect(await client.delete(kinds.ConfigMap, ref("a"), { preconditions: { uid: made.metadata.uid! } })).toBe(true);
    expect(await client.delete(kinds.ConfigMap, ref("a"))).toBe(false);
    await expect(client.get(kinds.ConfigMap, ref("a"))).rejects.toMatchObject({ status: 404, reason: "NotFound", details: { name: "a", kind: "configmaps" } });
    await expect(client.create({ ...map("b", {}), metadata: { name: "b", namespace: "nowhere-at-all" } })).rejects.toMatchObject({ status: 404 });
  });

  test("that are wrong are refused with the field", async () => {
    await expect(client.apply(service({ selector: { app: "web" }, ports: [{ port: 70_000 }] }), { fieldManager: "one" })).rejects.toMatchObject({ status: 422, reason: "Invalid", details: { causes: [{ field: "spec.ports[0].port" }] } });
  });

  test("get the defaults of their kind; generation counts changes of the spec alone; status is written apart", async () => {
    const made = await client.create(deployment({ ports: [{ containerPort: 80 }] }));
    expect(made).toMatchObject({ metadata: { generation: 1 }, spec: { replicas: 1, strategy: { type: "RollingUpdate" }, template: { spec: { restartPolicy: "Always", containers: [{ ports: [{ protocol: "TCP" }] }] } } } });
    const labelled = await client.patch<Deployment>(kinds.Deployment, ref("web"), { metadata: { labels: { a: "b" } } }, "merge");
    expect(labelled.metadata.generation).toBe(1);
    const status = await client.patch<Deployment>(kinds.Deployment, ref("web"), { spec: { replicas: 7 }, status: { replicas: 3 } }, "merge", { subresource: "status" });
    expect(status).toMatchObject({ metadata: { generation: 1 }, spec: { replicas: 1 }, status: { replicas: 3 } });
    const scaled = await client.patch<Deployment>(kinds.Deployment, ref("web"), { spec: { replicas: 7 }, status: { replicas: 9 } }, "merge");
    expect(scaled).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 7 }, status: { replicas: 3 } });
  });

  test("are patched in three ways", async () => {
    await client.create(deployment({ env: [{ name: "A", value: "1" }] }));
    const strategic = await client.patch<Deployment>(kinds.Deployment, ref("web"), { spec: { template: { spec: { containers: [{ name: "app", env: [{ name: "B", value: "2" }] }] } } } }, "strategic-merge");
    expect(strategic.spec?.template.spec.containers[0]?.env?.map(({ name }) => name).toSorted()).toEqual(["A", "B"]);
    const json = await client.patch<Deployment>(kinds.Deployment, ref("web"), [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: "example/app:2" }], "json");
    expect(json.spec?.template.spec.containers[0]?.image).toBe("example/app:2");
    const merge = await client.patch<Deployment>(kinds.Deployment, ref("web"), { spec: { template: { spec: { containers: [{ name: "app", image: "example/app:3" }] } } } }, "merge");
    expect(merge.spec?.template.spec.containers[0]).not.toHaveProperty("env");
  });
});

describe("server-side apply", () => {
  const apply = <T extends KubeObject>(object: T, fieldManager: string, options: object = {}) => client.apply(object, { fieldManager, ...options });

  test("creates, then changes; the same again changes nothing, not even the version", async () => {
    const first = await apply(deployment({ resources: { requests: { cpu: "1000m" } } }), "one");
    expect(first.created).toBe(true);
    expect(managers(first.object)).toEqual(["one/Apply"]);
    const again = await apply(deployment({ resources: { requests: { cpu: "1000m" } } }), "one");
    expect(again.created).toBe(false);
    expect(again.object.metadata.resourceVersion).toBe(first.object.metadata.resourceVersion);
  });

  test("a field that its owner leaves out goes, unless another owns it too", async () => {
    await apply(map("a", { mine: "1", shared: "1" }), "one");
    await apply(map("a", { shared: "1" }), "two");
    const left = await apply(map("a", {}), "one");
    expect(left.object.data).toEqual({ shared: "1" });
    expect((await apply(map("a", {}), "two")).object.data ?? {}).toEqual({});
  });

  test("another's field is a conflict that names owner and field; with force it changes hands", async () => {
    await apply(map("a", { x: "1", y: "1" }), "one");
    const refused = await apply(map("a", { x: "2", y: "2", z: "2" }), "two").then(() => expect.fail("not refused"), (error: unknown) => error);
    expect(refused).toMatchObject({ status: 409, reason: "Conflict", conflicts: [{ field: ".data.x", manager: "one" }, { field: ".data.y", manager: "one" }] });
    expect((await client.get<ConfigMap>(kinds.ConfigMap, ref("a"))).data).toEqual({ x: "1", y: "1" });
    expect((await apply(map("a", { x: "2" }), "two", { force: true })).object.data).toEqual({ x: "2", y: "1" });
    // What was taken is no longer given up by its former owner.
    expect((await apply(map("a", { y: "1" }), "one")).object.data).toEqual({ x: "2", y: "1" });
  });

  test("an update takes ownership of what it changes, and only of that", async () => {
    await apply(map("a", { x: "1", y: "1" }), "one");
    const touched = await client.patch<ConfigMap>(kinds.ConfigMap, ref("a"), { data: { x: "2" } }, "merge", { fieldManager: "hand" });
    expect(managers(touched)).toEqual(["hand/Update", "one/Apply"]);
    await expect(apply(map("a", { x: "1", y: "1" }), "one")).rejects.toMatchObject({ conflicts: [{ field: ".data.x", manager: "hand" }] });
    expect(managers((await apply(map("a", { x: "1", y: "1" }), "one", { force: true })).object)).toEqual(["one/Apply"]);
  });

  test("lists merge by their keys, atomic maps change as a whole", async () => {
    await apply(service({ selector: { app: "web" }, ports: [{ name: "a", port: 80 }] }), "one");
    const both = await apply(service({ ports: [{ name: "b", port: 81 }] }), "two");
    expect(both.object.spec?.ports?.map(({ port }) => port).toSorted()).toEqual([80, 81]);
    await expect(apply(service({ selector: { app: "web", also: "this" } }), "two")).rejects.toMatchObject({ conflicts: [{ field: ".spec.selector", manager: "one" }] });
    const alone = await apply(service({ selector: { app: "web" } }), "one");
    expect(alone.object.spec?.ports?.map(({ port }) => port)).toEqual([81]);
  });

  test("a dry run tells and keeps nothing; a version given must be the one that stands", async () => {
    expect((await apply(map("a", { x: "1" }), "one", { dryRun: true })).object.data).toEqual({ x: "1" });
    expect(await client.find(kinds.ConfigMap, ref("a"))).toBeUndefined();
    const { object } = await apply(map("a", { x: "1" }), "one");
    await apply(map("a", { x: "2" }), "one");
    const stale = { ...map("a", { x: "3" }), metadata: { ...ref("a"), resourceVersion: object.metadata.resourceVersion! } };
    await expect(apply(stale, "one")).rejects.toMatchObject({ status: 409, reason: "Conflict", conflicts: [] });
  });

  test("replicas pass from the applier to the autoscaler by a hand-over", async () => {
    await apply(deployment({}, { replicas: 4 }), "one");
    await apply({ apiVersion: "apps/v1", kind: "Deployment", metadata: ref("web"), spec: { replicas: 4 } }, "handover");
    expect((await apply(deployment(), "one")).object.spec?.replicas).toBe(4);
  });
});

describe("lists and watches", () => {
  test("pages hold everything once, at one version, whatever is written meanwhile", async () => {
    for (let at = 0; at < 7; at++) await client.create(map(`m${at}`, {}, { conformance: at % 2 === 0 ? "even" : "odd" }));
    const first = await client.list(kinds.ConfigMap, { namespace, labelSelector: "conformance", limit: 3 });
    expect(first.items).toHaveLength(3);
    await client.create(map("m9", {}, { conformance: "late" }));
    const names = first.items.map(({ metadata }) => metadata.name);
    for (let next = first.continue; next !== undefined;) {
      const page = await client.list(kinds.ConfigMap, { namespace, labelSelector: "conformance", limit: 3, continue: next });
      expect(page.resourceVersion).toBe(first.resourceVersion);
      names.push(...page.items.map(({ metadata }) => metadata.name));
      next = page.continue;
    }
    expect(names).toEqual(["m0", "m1", "m2", "m3", "m4", "m5", "m6"]);
    expect((await client.listAll(kinds.ConfigMap, { namespace, labelSelector: "conformance in (odd,late)" })).items).toHaveLength(4);
    expect((await client.listAll(kinds.ConfigMap, { namespace, fieldSelector: "metadata.name=m3" })).items).toHaveLength(1);
  });

  test("a watch tells every change after its version, in order, as its selector sees it", async () => {
    const { resourceVersion } = await client.list(kinds.ConfigMap, { namespace });
    await client.create(map("a", { x: "1" }, { seen: "yes" }));
    await client.create(map("b", {}));
    await client.patch(kinds.ConfigMap, ref("a"), { data: { x: "2" } }, "merge");
    await client.patch(kinds.ConfigMap, ref("a"), { metadata: { labels: { seen: null } } }, "merge");
    await client.patch(kinds.ConfigMap, ref("a"), { metadata: { labels: { seen: "yes" } } }, "merge");
    await client.delete(kinds.ConfigMap, ref("a"));
    const stop = new AbortController();
    const told: string[] = [];
    let last = Number(resourceVersion);
    for await (const { type, object } of client.watch<ConfigMap>(kinds.ConfigMap, { namespace, labelSelector: "seen=yes", resourceVersion, timeoutSeconds: 20, signal: stop.signal })) {
      if (type === "BOOKMARK") continue;
      expect(Number(object.metadata.resourceVersion)).toBeGreaterThan(last);
      last = Number(object.metadata.resourceVersion);
      told.push(`${type} ${object.metadata.name}`);
      if (told.length === 5) break;
    }
    expect(told).toEqual(["ADDED a", "MODIFIED a", "DELETED a", "ADDED a", "DELETED a"]);
  });

  test("a watch ends by itself when its time is over", async () => {
    const { resourceVersion } = await client.list(kinds.ConfigMap, { namespace });
    const events: string[] = [];
    for await (const { type } of client.watch(kinds.ConfigMap, { namespace, resourceVersion, timeoutSeconds: 1, signal: new AbortController().signal })) events.push(type);
    expect(events.filter((type) => type !== "BOOKMARK")).toEqual([]);
  });

  test("a version that can't be watched any more, or not yet, is an error", async () => {
    const watch = async (resourceVersion: string) => {
      for await (const event of client.watch(kinds.ConfigMap, { namespace, resourceVersion, timeoutSeconds: 5, signal: AbortSignal.timeout(5000) })) return event;
      return undefined;
    };
    await expect(watch("not-a-version")).rejects.toMatchObject({ code: "kube/status", status: 400 });
  });

  test("a reflector's view ends as the API's list, under steady change", async () => {
    const reflector = new Reflector<ConfigMap>({ client, kind: kinds.ConfigMap, namespace, labelSelector: "churn", pageSize: 5, watchSeconds: 1 });
    const told = new Map<string, string>();
    const wrong: string[] = [];
    reflector.listen({
      added: ({ metadata }) => { if (told.has(metadata.name)) wrong.push(`added twice: ${metadata.name}`); told.set(metadata.name, metadata.resourceVersion!); },
      modified: ({ metadata }) => { if (!told.has(metadata.name)) wrong.push(`modified before added: ${metadata.name}`); told.set(metadata.name, metadata.resourceVersion!); },
      deleted: ({ metadata }) => { if (!told.delete(metadata.name)) wrong.push(`deleted before added: ${metadata.name}`); },
    });
    reflector.start();
    for (let at = 0; at < 60; at++) {
      const name = `c${at % 11}`;
      if (at % 7 === 3) await client.delete(kinds.ConfigMap, ref(name));
      else await client.apply(map(name, { at: String(at) }, { churn: "yes" }), { fieldManager: "churn" });
    }
    const truth = await client.listAll(kinds.ConfigMap, { namespace, labelSelector: "churn" });
    const view = (items: Iterable<KubeObject>) => [...items].map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).toSorted();
    await eventually(() => expect(view(reflector.values())).toEqual(view(truth.items)));
    expect([...told].map(([name, version]) => `${name}@${version}`).toSorted()).toEqual(view(truth.items));
    expect(wrong).toEqual([]);
    await reflector.stop();
  });
});

test("nobody without credentials reads objects, and a wrong token is nobody", async () => {
  const { cert: _cert, key: _key, token: _token, ...anonymous } = connection;
  for (const given of [anonymous, { ...anonymous, token: "wrong" }]) {
    const nobody = new KubeClient(given);
    await expect(nobody.list(kinds.ConfigMap, { namespace })).rejects.toMatchObject({ code: "kube/status", status: expect.toSatisfy((status: number) => status === 401 || status === 403) });
    await nobody.close();
  }
  const stranger = new KubeClient({ server: connection.server, ...(connection.token !== undefined && { token: connection.token }) });
  await expect(stranger.raw("/version")).rejects.toMatchObject({ code: "kube/unreachable", message: expect.stringMatching(/certificate/) });
  await stranger.close();
});
