import { createServer } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { kinds } from "../../objects/kinds.ts";
import type { Pod } from "../../objects/core.ts";
import { ApiError } from "./api-error.ts";
import { configMap, deployment } from "./testing.ts";
import { startTestServer, type Loose, type TestServer } from "./testing-server.ts";
import type { PodProxyRequest } from "./pod-requests.ts";

let api: TestServer;
let proxied: PodProxyRequest | undefined;
beforeEach(async () => {
  proxied = undefined;
  api = await startTestServer({
    podLogs: async function* ({ container, tailLines, follow, signal }) {
      yield `${container} ${tailLines ?? "all"}\n`;
      if (follow) await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
    podProxy: async (request) => {
      proxied = request;
      if (request.port === "1") throw new Error("connect ECONNREFUSED");
      return { status: 418, headers: { "x-from": "pod" }, body: `${request.method} ${request.path}` };
    },
  });
});
afterEach(() => api.stop());

const configMaps = "/api/v1/namespaces/default/configmaps";
const pod = (name: string): Pod => ({ apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "default" }, spec: { nodeName: "node", containers: [{ name: "app", image: "a:1" }] } });
const table = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };

describe("who may do what", () => {
  it("knows tokens, client certificates and nobody", async () => {
    expect((await api.call(configMaps, { token: "wrong" })).json).toMatchObject({ kind: "Status", code: 401, reason: "Unauthorized" });
    expect((await api.call(configMaps, { token: null })).status).toBe(401);
    expect((await api.call("/version", { token: null })).json.gitVersion).toBe("v1.36.3-quipu");
    const cert = await api.clientCertificate("root", ["system:masters"]);
    expect((await api.call(configMaps, { cert })).status).toBe(200);
    const guest = await api.clientCertificate("guest", ["people"]);
    expect((await api.call(configMaps, { cert: guest })).json).toMatchObject({ code: 403, message: "configmaps is forbidden: User \"guest\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"default\"" });
    const nobody = await api.clientCertificate("", []);
    expect((await api.call("/version", { cert: nobody })).status).toBe(401);
  });

  it("takes an administrator for somebody else on request, and nobody else", async () => {
    expect((await api.call(configMaps, { headers: { "impersonate-user": "system:serviceaccount:default:default" } })).status).toBe(403);
    const guest = await api.clientCertificate("guest", []);
    expect((await api.call("/version", { cert: guest, headers: { "impersonate-user": "admin", "impersonate-group": "system:masters" } })).status).toBe(403);
  });

  it("issues a pod's token, reviews it, and refuses it once the pod is gone", async () => {
    const { metadata } = api.store.create(kinds.Pod, pod("p"));
    const { token } = (await api.call("/api/v1/namespaces/default/serviceaccounts/default/token", { method: "POST", body: { spec: { boundObjectRef: { kind: "Pod", name: "p", uid: metadata.uid } } } })).json.status;
    const review = async (value: string): Promise<Loose> => (await api.call("/apis/authentication.k8s.io/v1/tokenreviews", { method: "POST", body: { spec: { token: value } } })).json.status;
    expect(await review(token)).toMatchObject({
      authenticated: true,
      user: { username: "system:serviceaccount:default:default", groups: expect.arrayContaining(["system:serviceaccounts:default"]), extra: { "authentication.kubernetes.io/pod-name": ["p"], "authentication.kubernetes.io/pod-uid": [metadata.uid] } },
    });
    // A pod's token reads nothing, and can't ask about others' tokens.
    expect((await api.call(configMaps, { token })).status).toBe(403);
    expect((await api.call("/apis/authentication.k8s.io/v1/tokenreviews", { token, method: "POST", body: { spec: { token } } })).status).toBe(403);
    expect((await api.call("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", { token, method: "POST", body: { spec: { resourceAttributes: { verb: "get", resource: "pods" } } } })).json.status.allowed).toBe(false);
    const parts = token.split(".");
    expect(await review(`${parts[0]}.${parts[1]}.${parts[2].replace(/^./, parts[2].startsWith("A") ? "B" : "A")}`)).toMatchObject({ authenticated: false });
    const [other] = [await api.tokens.issueFor("default", "default", { audiences: ["elsewhere"] })];
    expect(await review(other.token)).toMatchObject({ authenticated: false, error: expect.stringContaining("audiences") });
    api.store.delete(kinds.Pod, "default", "p", { gracePeriodSeconds: 0 });
    api.store.create(kinds.Pod, pod("p"));
    expect(await review(token)).toEqual({ authenticated: false, error: "pod default/p has been deleted" });
    expect((await api.call("/version", { token })).status).toBe(401);
  });
});

describe("objects over HTTP", () => {
  it("creates from JSON and YAML, reads, replaces, patches and deletes", async () => {
    expect((await api.call(configMaps, { method: "POST", type: "application/yaml", body: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: '1'}\n" })).status).toBe(201);
    const got = (await api.call(`${configMaps}/c`)).json;
    expect(got).toMatchObject({ kind: "ConfigMap", data: { a: "1" } });
    expect((await api.call(`${configMaps}/c`, { method: "PUT", body: { ...got, data: { a: "2" } } })).status).toBe(200);
    expect((await api.call(`${configMaps}/c`, { method: "PUT", body: { ...got, data: { a: "3" } } })).json).toMatchObject({ code: 409, reason: "Conflict", details: { name: "c", kind: "configmaps" } });
    expect((await api.call(`${configMaps}/c`, { method: "PATCH", type: "application/merge-patch+json", body: { data: { b: "1" } } })).json.data).toEqual({ a: "2", b: "1" });
    expect((await api.call(`${configMaps}/c`, { method: "PATCH", type: "application/json-patch+json", body: [{ op: "remove", path: "/data/a" }] })).json.data).toEqual({ b: "1" });
    expect((await api.call(`${configMaps}/c`, { method: "PATCH", type: "text/plain", body: "{}" })).status).toBe(415);
    expect((await api.call(`${configMaps}/c?dryRun=All`, { method: "DELETE" })).status).toBe(200);
    expect((await api.call(`${configMaps}/c`, { method: "DELETE", body: { kind: "DeleteOptions", apiVersion: "v1", preconditions: { uid: got.metadata.uid } } })).json).toMatchObject({ kind: "Status", status: "Success", details: { uid: got.metadata.uid } });
    expect((await api.call(`${configMaps}/c`)).json).toEqual({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message: "configmaps \"c\" not found", reason: "NotFound", details: { name: "c", kind: "configmaps" }, code: 404 });
  });

  it("applies on the server side, with the conflict in its Status", async () => {
    const apply = (manager: string, value: string, query = "") => api.call(`${configMaps}/c?fieldManager=${manager}${query}`, { method: "PATCH", type: "application/apply-patch+yaml", body: `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: '${value}'}\n` });
    expect((await apply("one", "1")).status).toBe(201);
    expect((await apply("two", "2")).json).toMatchObject({ code: 409, reason: "Conflict", details: { causes: [{ reason: "FieldManagerConflict", field: ".data.a", message: "conflict with \"one\"" }] } });
    expect((await apply("two", "2", "&force=true")).json.data).toEqual({ a: "2" });
  });

  it.each<[string, string, Parameters<TestServer["call"]>[1], number, string]>([
    ["an unknown kind", "/apis/batch/v1/namespaces/default/jobs", {}, 404, "could not find the requested resource"],
    ["an unknown subresource", `${configMaps}/c/status`, {}, 404, "could not find the requested resource"],
    ["a method", configMaps, { method: "PUT", body: configMap("c", {}) }, 405, "does not allow this method"],
    ["broken JSON", configMaps, { method: "POST", body: "{" }, 400, "could not be parsed"],
    ["broken YAML", configMaps, { method: "POST", type: "application/yaml", body: "a: [1\nb: 2" }, 400, "line 2"],
    ["no object", configMaps, { method: "POST", body: "[]" }, 400, "must be an object"],
    ["a bad name", configMaps, { method: "POST", body: { metadata: { name: "A_b" } } }, 422, "metadata.name"],
    ["another namespace", configMaps, { method: "POST", body: configMap("c", {}, "kube-system") }, 400, "does not match the namespace"],
    ["a namespace that isn't", "/api/v1/namespaces/no/configmaps", { method: "POST", body: { metadata: { name: "c" } } }, 404, "namespaces \"no\" not found"],
    ["a misspelt field", "/apis/apps/v1/namespaces/default/deployments?fieldValidation=Strict", { method: "POST", body: { ...deployment("w"), spec: { ...deployment("w").spec, replicsa: 2 } } }, 400, "unknown field \"spec.replicsa\""],
    ["a wrong type", "/apis/apps/v1/namespaces/default/deployments", { method: "POST", body: { ...deployment("w"), spec: { ...deployment("w").spec, replicas: "2" } } }, 422, "must be of type integer"],
    ["a word an enumeration lacks", "/apis/security.istio.io/v1/namespaces/default/peerauthentications", { method: "POST", body: { metadata: { name: "p" }, spec: { mtls: { mode: "STRICTLY" } } } }, 422, "supported values: \"UNSET\""],
    ["a limit that isn't a number", `${configMaps}?limit=x`, {}, 400, "limit"],
    ["a selector", `${configMaps}?labelSelector=a%20in%20b`, {}, 400, "unable to parse requirement"],
    ["an option's value", `${configMaps}?dryRun=Some`, { method: "POST", body: configMap("c", {}) }, 400, "dryRun"],
    ["a body without end", configMaps, { method: "POST", body: Buffer.alloc(3 * 1024 * 1024 + 1, 32) }, 413, "limit is 3145728"],
    ["a broken path", "/api/v1/namespaces/%zz/configmaps/c", {}, 404, "could not find"],
  ])("answers %s with a Status", async (_what, path, options, code, message) => {
    const reply = await api.call(path, options);
    expect([reply.status, reply.json]).toEqual([code, expect.objectContaining({ kind: "Status", status: "Failure", code, message: expect.stringContaining(message) })]);
  });

  it("warns of an unknown field and leaves it out", async () => {
    const reply = await api.call(configMaps, { method: "POST", body: { ...configMap("c", {}), dta: { a: "1" } } });
    expect([reply.status, reply.headers["warning"], reply.json.dta]).toEqual([201, "299 - \"unknown field \\\"dta\\\"\"", undefined]);
  });

  it("lists in pages of one moment, whatever is written meanwhile", async () => {
    for (const name of ["a", "b", "c", "d", "e"]) api.store.create(kinds.ConfigMap, configMap(name, {}));
    const first = (await api.call(`${configMaps}?limit=2`)).json;
    expect([first.items.length, first.metadata.remainingItemCount]).toEqual([2, 3]);
    api.store.delete(kinds.ConfigMap, "default", "d");
    const second = (await api.call(`${configMaps}?limit=2&continue=${first.metadata.continue}`)).json;
    const third = (await api.call(`${configMaps}?limit=2&continue=${second.metadata.continue}`)).json;
    expect([...second.items, ...third.items].map(({ metadata }: Loose) => metadata.name)).toEqual(["c", "d", "e"]);
    expect([third.metadata.continue, third.metadata.resourceVersion]).toEqual([undefined, first.metadata.resourceVersion]);
    expect((await api.call(`${configMaps}?continue=${Buffer.from("1/2/3").toString("base64url")}`)).json).toMatchObject({ code: 410, reason: "Expired" });
  });

  it("answers Tables, packs large answers, and stands behind scale", async () => {
    api.store.create(kinds.Deployment, deployment("web"));
    api.store.updateStatus(kinds.Deployment, "default", "web", (object) => ({ ...object, status: { readyReplicas: 1, updatedReplicas: 1, availableReplicas: 1 } }));
    const shown = (await api.call("/apis/apps/v1/deployments", { headers: table })).json;
    expect([shown.kind, shown.columnDefinitions.filter(({ priority }: Loose) => priority === 0).map(({ name }: Loose) => name), shown.rows[0].cells.slice(0, 4)]).toEqual(["Table", ["Name", "Ready", "Up-to-date", "Available", "Age"], ["web", "1/1", 1, 1]]);
    const scale = "/apis/apps/v1/namespaces/default/deployments/web/scale";
    expect((await api.call(scale, { method: "PATCH", type: "application/merge-patch+json", body: { spec: { replicas: 3 } } })).json).toMatchObject({ kind: "Scale", spec: { replicas: 3 }, status: { selector: "app=web" } });
    api.store.create(kinds.ConfigMap, configMap("big", { a: "x".repeat(200_000) }));
    const packed = await api.call(`${configMaps}/big`, { headers: { "accept-encoding": "gzip" } });
    expect([packed.headers["content-encoding"], packed.json.metadata.name]).toEqual(["gzip", "big"]);
  });
});

describe("watching over HTTP", () => {
  it("tells what is there, then what happens, until its time is over", async () => {
    api.store.create(kinds.ConfigMap, configMap("a", {}));
    const watch = api.watch(`${configMaps}?watch=true&timeoutSeconds=1&allowWatchBookmarks=true`);
    await watch.until((events) => events.length === 1);
    api.store.patch(kinds.ConfigMap, "default", "a", { type: "merge", patch: { data: { x: "1" } } });
    api.store.delete(kinds.ConfigMap, "default", "a");
    await watch.closed;
    expect(watch.events.map(({ type, object }) => [type, object.metadata.name])).toEqual([["ADDED", "a"], ["MODIFIED", "a"], ["DELETED", "a"], ["BOOKMARK", undefined]]);
    expect(watch.events.at(-1).object).toMatchObject({ kind: "ConfigMap", metadata: { resourceVersion: String(api.store.revision) } });
  });

  it("resumes from a version, streams a list, marks its end, and shows tables", async () => {
    const { metadata } = api.store.create(kinds.ConfigMap, configMap("a", {}));
    api.store.create(kinds.ConfigMap, configMap("b", {}));
    const resumed = api.watch(`${configMaps}?watch=1&resourceVersion=${metadata.resourceVersion}`);
    expect((await resumed.until((events) => events.length === 1))[0].object.metadata.name).toBe("b");
    resumed.stop();
    const streamed = api.watch(`${configMaps}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&fieldSelector=metadata.name%3Db`, table);
    const events = await streamed.until((seen) => seen.length === 2);
    expect([events[0].object.rows[0].cells.slice(0, 2), events[1].type, events[1].object.rows[0].object.metadata.annotations]).toEqual([["b", 0], "BOOKMARK", { "k8s.io/initial-events-end": "true" }]);
    streamed.stop();
  });

  it("says 410 in the stream when the version is too old", async () => {
    await api.stop();
    api = await startTestServer({ storeOptions: { history: { changes: 4, bytes: 1e6 } } });
    for (let index = 0; index < 12; index++) api.store.create(kinds.ConfigMap, configMap(`c${index}`, {}));
    const watch = api.watch(`${configMaps}?watch=1&resourceVersion=2`);
    await watch.closed;
    expect(watch.events).toMatchObject([{ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } }]);
  });

  it("ends its watches when it closes", async () => {
    const watch = api.watch(`${configMaps}?watch=1`);
    api.store.create(kinds.ConfigMap, configMap("a", {}));
    await watch.until((events) => events.length === 1);
    await api.server.close();
    await watch.closed;
    api.server.close = () => Promise.resolve();
  });
});

describe("pods over HTTP", () => {
  it("gives logs, and ends a followed one with its client", async () => {
    api.store.create(kinds.Pod, pod("p"));
    expect((await api.call("/api/v1/namespaces/default/pods/p/log?tailLines=5")).text).toBe("app 5\n");
    expect((await api.call("/api/v1/namespaces/default/pods/p/log?container=no")).json).toMatchObject({ code: 400, message: "container no is not valid for pod p" });
    expect((await api.call("/api/v1/namespaces/default/pods/q/log")).status).toBe(404);
  });

  it("passes requests on without the caller's credentials", async () => {
    api.store.create(kinds.Pod, pod("p"));
    const reply = await api.call("/api/v1/namespaces/default/pods/http:p:15090/proxy/stats/a%20b?x=1", { headers: { "x-mine": "1" } });
    expect([reply.status, reply.headers["x-from"], reply.text]).toEqual([418, "pod", "GET /stats/a%20b?x=1"]);
    expect(proxied).toMatchObject({ port: "15090", scheme: "http", headers: { "x-mine": "1" } });
    expect(proxied!.headers["authorization"]).toBeUndefined();
    expect((await api.call("/api/v1/namespaces/default/pods/p:1/proxy/")).json).toMatchObject({ code: 503, reason: "ServiceUnavailable", message: expect.stringContaining("ECONNREFUSED") });
  });

  it("keeps an error of its own from the client's eyes as a Status, and reports it", async () => {
    await api.stop();
    const errors: unknown[] = [];
    api = await startTestServer({ podLogs: () => { throw new ApiError(400, "BadRequest", "container app is waiting to start"); }, onError: (error) => void errors.push(error) });
    api.store.create(kinds.Pod, pod("p"));
    expect((await api.call("/api/v1/namespaces/default/pods/p/log")).json.message).toBe("container app is waiting to start");
    api.store.close();
    expect((await api.call(configMaps, { method: "POST", body: configMap("c", {}) })).json).toMatchObject({ code: 500, reason: "InternalError" });
    expect(errors).toHaveLength(1);
    api.store.close = () => {};
  });

  it("says so when its port is taken", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => holder.once("listening", resolve));
    const { port } = holder.address() as { port: number };
    const second = await startTestServer();
    await second.server.close();
    await expect(second.server.listen("127.0.0.1", port)).rejects.toMatchObject({ code: "EADDRINUSE" });
    second.server.close = () => Promise.resolve();
    await second.stop();
    holder.close();
  });
});
