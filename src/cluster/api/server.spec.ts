import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { kinds } from "../../objects/kinds.ts";
import { configMap, deployment } from "./testing.ts";
import { startTestServer, type Loose, type TestServer } from "./testing-server.ts";

let api: TestServer;
beforeEach(async () => {
  api = await startTestServer();
});
afterEach(() => api.stop());

const configMaps = "/api/v1/namespaces/default/configmaps";
const table = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };

describe("objects over HTTP", () => {
  it("creates from JSON and YAML, reads, replaces, patches and deletes", async () => {
    expect(
      (
        await api.call(configMaps, {
          method: "POST",
          type: "application/yaml",
          body: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: '1'}\n",
        })
      ).status,
    ).toBe(201);
    const got = (await api.call(`${configMaps}/c`)).json;
    expect(got).toMatchObject({ kind: "ConfigMap", data: { a: "1" } });
    expect((await api.call(`${configMaps}/c`, { method: "PUT", body: { ...got, data: { a: "2" } } })).status).toBe(200);
    expect(
      (await api.call(`${configMaps}/c`, { method: "PUT", body: { ...got, data: { a: "3" } } })).json,
    ).toMatchObject({ code: 409, reason: "Conflict", details: { name: "c", kind: "configmaps" } });
    expect(
      (
        await api.call(`${configMaps}/c`, {
          method: "PATCH",
          type: "application/merge-patch+json",
          body: { data: { b: "1" } },
        })
      ).json.data,
    ).toEqual({ a: "2", b: "1" });
    expect(
      (
        await api.call(`${configMaps}/c`, {
          method: "PATCH",
          type: "application/json-patch+json",
          body: [{ op: "remove", path: "/data/a" }],
        })
      ).json.data,
    ).toEqual({ b: "1" });
    expect((await api.call(`${configMaps}/c`, { method: "PATCH", type: "text/plain", body: "{}" })).status).toBe(415);
    expect((await api.call(`${configMaps}/c?dryRun=All`, { method: "DELETE" })).status).toBe(200);
    expect(
      (
        await api.call(`${configMaps}/c`, {
          method: "DELETE",
          body: { kind: "DeleteOptions", apiVersion: "v1", preconditions: { uid: got.metadata.uid } },
        })
      ).json,
    ).toMatchObject({ kind: "Status", status: "Success", details: { uid: got.metadata.uid } });
    expect((await api.call(`${configMaps}/c`)).json).toEqual({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: 'configmaps "c" not found',
      reason: "NotFound",
      details: { name: "c", kind: "configmaps" },
      code: 404,
    });
  });

  it("applies on the server side, with the conflict in its Status", async () => {
    const apply = (manager: string, value: string, query = "") =>
      api.call(`${configMaps}/c?fieldManager=${manager}${query}`, {
        method: "PATCH",
        type: "application/apply-patch+yaml",
        body: `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: '${value}'}\n`,
      });
    expect((await apply("one", "1")).status).toBe(201);
    expect((await apply("two", "2")).json).toMatchObject({
      code: 409,
      reason: "Conflict",
      details: { causes: [{ reason: "FieldManagerConflict", field: ".data.a", message: 'conflict with "one"' }] },
    });
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
    [
      "another namespace",
      configMaps,
      { method: "POST", body: configMap("c", {}, "kube-system") },
      400,
      "does not match the namespace",
    ],
    [
      "a namespace that isn't",
      "/api/v1/namespaces/no/configmaps",
      { method: "POST", body: { metadata: { name: "c" } } },
      404,
      'namespaces "no" not found',
    ],
    [
      "a misspelt field",
      "/apis/apps/v1/namespaces/default/deployments?fieldValidation=Strict",
      { method: "POST", body: { ...deployment("w"), spec: { ...deployment("w").spec, replicsa: 2 } } },
      400,
      'unknown field "spec.replicsa"',
    ],
    [
      "a wrong type",
      "/apis/apps/v1/namespaces/default/deployments",
      { method: "POST", body: { ...deployment("w"), spec: { ...deployment("w").spec, replicas: "2" } } },
      422,
      "must be of type integer",
    ],
    [
      "a word an enumeration lacks",
      "/apis/security.istio.io/v1/namespaces/default/peerauthentications",
      { method: "POST", body: { metadata: { name: "p" }, spec: { mtls: { mode: "STRICTLY" } } } },
      422,
      'supported values: "UNSET"',
    ],
    ["a limit that isn't a number", `${configMaps}?limit=x`, {}, 400, "limit"],
    ["a selector", `${configMaps}?labelSelector=a%20in%20b`, {}, 400, "unable to parse requirement"],
    ["an option's value", `${configMaps}?dryRun=Some`, { method: "POST", body: configMap("c", {}) }, 400, "dryRun"],
    [
      "a body without end",
      configMaps,
      { method: "POST", body: Buffer.alloc(3 * 1024 * 1024 + 1, 32) },
      413,
      "limit is 3145728",
    ],
    ["a broken path", "/api/v1/namespaces/%zz/configmaps/c", {}, 404, "could not find"],
  ])("answers %s with a Status", async (_what, path, options, code, message) => {
    const reply = await api.call(path, options);
    expect([reply.status, reply.json]).toEqual([
      code,
      expect.objectContaining({ kind: "Status", status: "Failure", code, message: expect.stringContaining(message) }),
    ]);
  });

  it("warns of an unknown field and leaves it out", async () => {
    const reply = await api.call(configMaps, { method: "POST", body: { ...configMap("c", {}), dta: { a: "1" } } });
    expect([reply.status, reply.headers["warning"], reply.json.dta]).toEqual([
      201,
      '299 - "unknown field \\"dta\\""',
      undefined,
    ]);
  });

  it("lists in pages of one moment, whatever is written meanwhile", async () => {
    for (const name of ["a", "b", "c", "d", "e"]) api.store.create(kinds.ConfigMap, configMap(name, {}));
    const first = (await api.call(`${configMaps}?limit=2`)).json;
    expect([first.items.length, first.metadata.remainingItemCount]).toEqual([2, 3]);
    api.store.delete(kinds.ConfigMap, "default", "d");
    const second = (await api.call(`${configMaps}?limit=2&continue=${first.metadata.continue}`)).json;
    const third = (await api.call(`${configMaps}?limit=2&continue=${second.metadata.continue}`)).json;
    expect([...second.items, ...third.items].map(({ metadata }: Loose) => metadata.name)).toEqual(["c", "d", "e"]);
    expect([third.metadata.continue, third.metadata.resourceVersion]).toEqual([
      undefined,
      first.metadata.resourceVersion,
    ]);
    expect((await api.call(`${configMaps}?continue=${Buffer.from("1/2/3").toString("base64url")}`)).json).toMatchObject(
      { code: 410, reason: "Expired" },
    );
  });

  it("answers Tables, packs large answers, and stands behind scale", async () => {
    api.store.create(kinds.Deployment, deployment("web"));
    api.store.updateStatus(kinds.Deployment, "default", "web", (object) => ({
      ...object,
      status: { readyReplicas: 1, updatedReplicas: 1, availableReplicas: 1 },
    }));
    const shown = (await api.call("/apis/apps/v1/deployments", { headers: table })).json;
    expect([
      shown.kind,
      shown.columnDefinitions.filter(({ priority }: Loose) => priority === 0).map(({ name }: Loose) => name),
      shown.rows[0].cells.slice(0, 4),
    ]).toEqual(["Table", ["Name", "Ready", "Up-to-date", "Available", "Age"], ["web", "1/1", 1, 1]]);
    const scale = "/apis/apps/v1/namespaces/default/deployments/web/scale";
    expect(
      (
        await api.call(scale, {
          method: "PATCH",
          type: "application/merge-patch+json",
          body: { spec: { replicas: 3 } },
        })
      ).json,
    ).toMatchObject({ kind: "Scale", spec: { replicas: 3 }, status: { selector: "app=web" } });
    api.store.create(kinds.ConfigMap, configMap("big", { a: "x".repeat(200_000) }));
    const packed = await api.call(`${configMaps}/big`, { headers: { "accept-encoding": "gzip" } });
    expect([packed.headers["content-encoding"], packed.json.metadata.name]).toEqual(["gzip", "big"]);
  });
});
