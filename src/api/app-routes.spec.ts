import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ApiGround, appText, startApi } from "./api-ground.ts";

describe("apps, through the HTTP API", () => {
  let api: ApiGround;
  beforeEach(async () => {
    api = await startApi();
  });
  afterEach(() => api.stop());

  it("declares, deploys and shows an app", async () => {
    const created = await api.put("checkout", "  calls: [{ app: catalog }]");
    expect(created).toMatchObject({
      status: 201,
      headers: { etag: expect.stringMatching(/^"\d+"$/) as string },
      body: { outcome: "created", metadata: { name: "checkout", generation: 1 }, status: { phase: "declared" } },
    });
    expect(created.body.warnings.map((warning: { code: string }) => warning.code)).toEqual(
      expect.arrayContaining(["missing-callee", "not-deployed", "missing-segment"]),
    );
    expect(created.body.warnings[0]).toMatchObject({
      code: "missing-callee",
      found: "catalog",
      field: "spec.calls[0].app",
    });
    expect(await api.deploy("checkout", "registry.example/checkout:1")).toMatchObject({
      status: 202,
      body: {
        kind: "Release",
        metadata: { name: "checkout-r1" },
        spec: { parts: expect.arrayContaining(["workload"]) as string[], cause: { kind: "deploy", by: "admin" } },
      },
    });
    expect((await api.get("/api/v1/releases/checkout-r1")).body.status).toMatchObject({ phase: "finished" });
    expect((await api.get("/api/v1/apps/checkout")).body).toMatchObject({
      status: { phase: "running", revision: "r1", image: "registry.example/checkout:1", pods: { ready: 4, total: 4 } },
    });
    expect((await api.get("/api/v1/apps/checkout/status")).body).toMatchObject({
      calls: [{ app: "catalog", stage: "wanted" }],
      clusters: [{ name: "bogota" }, { name: "lima" }],
      releases: [{ metadata: { name: "checkout-r1" } }],
    });
    const edited = await api.put("checkout", "  traffic: { timeout: 700ms }");
    expect(edited).toMatchObject({ status: 200, body: { outcome: "updated", releases: ["checkout-r2"] } });
    await api.engine.idle();
    expect((await api.get("/api/v1/apps/checkout/status")).body).toMatchObject({ revision: "r1" });
    expect((await api.put("checkout", "  traffic: { timeout: 700ms }")).body).toMatchObject({
      outcome: "unchanged",
      releases: [],
    });
    expect((await api.deploy("checkout", "registry.example/checkout:1")).status).toBe(200);
    const history = await api.get("/api/v1/apps/checkout/history");
    expect(history.body.versions).toHaveLength(2);
    expect(history.body.releases.map((release: { metadata: { name: string } }) => release.metadata.name)).toEqual([
      "checkout-r2",
      "checkout-r1",
    ]);
  });

  it("renders what is in force, and what would be", async () => {
    const would = await api.call("POST", "/api/v1/render", { body: appText("new") });
    expect(would.status).toBe(200);
    expect(would.body.clusters.map((each: { cluster: string }) => each.cluster)).toEqual(["bogota", "lima"]);
    const kindsOf = (clusters: { objects: { kind: string }[] }[]) => clusters[0]!.objects.map((object) => object.kind);
    expect(kindsOf(would.body.clusters)).toEqual(
      expect.arrayContaining(["Deployment", "Service", "VirtualService", "DestinationRule"]),
    );
    await api.put("checkout");
    await api.deploy("checkout", "registry.example/checkout:1");
    const rendered = await api.get("/api/v1/apps/checkout/render");
    expect(rendered.body).toMatchObject({ inForce: true });
    expect(kindsOf(rendered.body.clusters)).toContain("AuthorizationPolicy");
    expect(JSON.stringify(rendered.body)).toContain("registry.example/checkout:1");
    expect((await api.get("/api/v1/apps")).body.total).toBe(1);
  });

  it("deploys once for each idempotency key", async () => {
    await api.put("a");
    const again = { headers: { "idempotency-key": "build-7" } };
    const first = await api.deploy("a", "registry.example/a:1", again);
    const second = await api.deploy("a", "registry.example/a:1", again);
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(second.body.metadata.name).toBe("a-r1");
    expect(await api.deploy("a", "registry.example/a:2", again)).toMatchObject({
      status: 422,
      body: { code: "idempotency-conflict" },
    });
    expect(await api.deploy("a", "registry.example/a")).toMatchObject({ status: 422, body: { code: "no-image" } });
    expect(await api.deploy("ghost", "registry.example/a:1")).toMatchObject({ status: 404 });
  });

  it("tells the rules in force, and which callers bring their own", async () => {
    await api.put("a", "  traffic: { timeout: 1s }");
    await api.put("b", "  calls: [{ app: a, timeout: 2s, retries: { attempts: 0 } }]");
    await api.put("c", "  calls: [{ app: a }]");
    for (const name of ["a", "b", "c"]) await api.deploy(name, `registry.example/${name}:1`);
    const { body } = await api.get("/api/v1/apps/a/rules");
    const own = { b: { timeoutMs: 2000, retries: { attempts: 0 } } };
    expect(body.clusters).toMatchObject([
      { cluster: "bogota", traffic: { timeoutMs: 1000 }, calls: {}, callers: own },
      { cluster: "lima", traffic: { timeoutMs: 1000 }, calls: {}, callers: own },
    ]);
    expect(Object.keys(body.clusters[0].callers)).toEqual(["b"]);
  });
});
