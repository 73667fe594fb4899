import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ApiGround, appText, startApi } from "./api-ground.ts";

describe("documents, through the HTTP API", () => {
  let api: ApiGround;
  beforeEach(async () => {
    api = await startApi();
  });
  afterEach(() => api.stop());

  it("two writers at once: the second gets 412 with both revisions", async () => {
    const {
      headers: { etag },
    } = await api.put("a");
    const [first, second] = await Promise.all(
      ["1s", "2s"].map((timeout) =>
        api.put("a", `  traffic: { timeout: ${timeout} }`, { headers: { "if-match": String(etag) } }),
      ),
    );
    expect([first!.status, second!.status].sort()).toEqual([200, 412]);
    const lost = [first!, second!].find((answer) => answer.status === 412)!;
    expect(lost.body).toMatchObject({
      code: "revision-conflict",
      found: Number(String(etag).replaceAll('"', "")),
      accepted: expect.stringMatching(/^"\d+"$/) as string,
    });
    expect((await api.put("a", "", { headers: { "if-none-match": "*" } })).status).toBe(412);
    expect((await api.put("z", "", { headers: { "if-match": "*" } })).status).toBe(412);
    expect((await api.put("a", "", { headers: { "if-match": "nonsense" } })).status).toBe(400);
    expect((await api.call("DELETE", "/api/v1/apps/a", { headers: { "if-match": '"1"' } })).status).toBe(412);
  });

  it("a dry run checks everything and changes nothing", async () => {
    await api.put("a");
    await api.deploy("a", "registry.example/a:1");
    const revision = await api.revision();
    expect(await api.put("a", "  traffic: { timeout: 9s }", {})).toMatchObject({ body: { releases: ["a-r2"] } });
    await api.engine.idle();
    const after = await api.revision();
    expect(after).toBeGreaterThan(revision);
    const dry = await api.call("PUT", "/api/v1/apps/a?dryRun=true", {
      body: appText("a", "  traffic: { timeout: 1s }"),
    });
    expect(dry).toMatchObject({ status: 200, body: { outcome: "updated", releases: ["a-r3"] } });
    expect(await api.call("DELETE", "/api/v1/apps/a?dryRun=true")).toMatchObject({
      status: 200,
      body: { outcome: "deleted" },
    });
    expect(await api.revision()).toBe(after);
    expect((await api.get("/api/v1/releases/a-r3")).status).toBe(404);
  });

  it("an edit of a policy releases the apps that it changes, and no others", async () => {
    await api.put("a");
    await api.put("b", "  traffic: { timeout: 4s }");
    await api.deploy("a", "registry.example/a:1");
    await api.deploy("b", "registry.example/b:1");
    const edited = await api.call("PUT", "/api/v1/policies/slow", {
      body: {
        apiVersion: "quipu.dev/v1",
        kind: "Policy",
        metadata: { name: "slow" },
        spec: { defaults: { traffic: { timeout: "5s" } } },
      },
    });
    expect(edited.body.releases).toEqual(["a-r2"]);
    await api.engine.idle();
    expect((await api.get("/api/v1/releases/a-r2")).body).toMatchObject({
      spec: { cause: { kind: "policy" }, parts: ["traffic"] },
      status: { phase: "finished" },
    });
  });

  it("deletes: withdraws what runs, refuses what is in use", async () => {
    await api.put("a");
    await api.deploy("a", "registry.example/a:1");
    expect(await api.call("DELETE", "/api/v1/clusters/lima")).toMatchObject({
      status: 409,
      body: { code: "in-use", detail: expect.stringContaining("App/a") as string },
    });
    expect(await api.call("DELETE", "/api/v1/apps/a")).toMatchObject({
      status: 200,
      body: { outcome: "deleted", releases: ["a-r2"] },
    });
    await api.engine.idle();
    expect(api.store.inForce().rosters.size).toBe(0);
    expect((await api.get("/api/v1/apps/a")).status).toBe(404);
    expect((await api.get("/api/v1/releases/a-r2")).body.status.phase).toBe("finished");
    expect((await api.call("DELETE", "/api/v1/apps/a")).status).toBe(404);
  });

  it("deleting an app that others call warns of them, in a dry run too", async () => {
    await api.put("a");
    await api.put("b", "  calls: [{ app: a }]");
    const warning = { code: "still-called", found: ["b"], subject: "App/a" };
    expect(await api.call("DELETE", "/api/v1/apps/a?dryRun=true")).toMatchObject({ body: { warnings: [warning] } });
    expect(await api.call("DELETE", "/api/v1/apps/a")).toMatchObject({ status: 200, body: { warnings: [warning] } });
    expect((await api.call("DELETE", "/api/v1/apps/b")).body.warnings).toEqual([]);
  });

  it("a cluster that leaves says what stays there; one that never joined, that it hasn't; an embedded one stays what it is", async () => {
    const cluster = (name: string, spec: object) => ({
      body: { apiVersion: "quipu.dev/v1", kind: "Cluster", metadata: { name }, spec: { region: "pe", ...spec } },
    });
    const put = (name: string, spec: object) => api.call("PUT", `/api/v1/clusters/${name}`, cluster(name, spec));
    const connection = { kubeconfig: { context: "here" } };
    expect((await put("real", {})).body).toMatchObject({
      warnings: [],
      status: {
        error: expect.stringContaining("it hasn't joined") as string,
        conditions: [{ status: "Unknown", reason: "NotJoined" }],
      },
    });
    expect((await put("real", { connection })).body.warnings).toEqual([]);
    // Nothing was made there.
    expect((await put("real", {})).body.warnings).toEqual([]);
    await put("real", { connection });
    await api.store.write((tx) =>
      tx.putLedger("real", [{ key: "v1/Namespace//money", revision: 1, hash: "a.b.made" }]),
    );
    const warning = { code: "objects-stay", found: 1, subject: "Cluster/real" };
    expect((await put("real", {})).body.warnings).toMatchObject([warning]);
    await put("real", { connection });
    expect((await api.call("DELETE", "/api/v1/clusters/real")).body.warnings).toMatchObject([warning]);

    await put("inside", { provider: "embedded" });
    expect(await put("inside", { connection })).toMatchObject({
      status: 422,
      body: { code: "immutable-field", field: "spec.connection" },
    });
  });
});
