import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import type { FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ensureToken } from "../access/tokens.ts";
import { ReleaseEngine } from "../release/engine.ts";
import { fakeFleet, nobodyCalls } from "../release/fake-fleet.ts";
import { ArtifactFiles } from "../store/artifact-files.ts";
import { openSqliteStore } from "../store/open-sqlite-store.ts";
import type { Store } from "../store/store.ts";
import { buildApi } from "./build-api.ts";
import type { ClusterAccess } from "./context.ts";

const app = (name: string, spec = "", segment = "money") => `
apiVersion: quipu.dev/v1
kind: App
metadata: { name: ${name}, labels: { tier: critical } }
spec:
  team: payments
  segment: ${segment}
  workload: { drain: 1ms, ports: [{ name: http, port: 8080 }] }
${spec}
  rollout: { steps: [{ weight: 50, hold: 0s }] }`;

/** A cluster of which only the ingress gateway's pod is known. */
const gatewayOnly = {
  instances: async (namespace: string, app: string) =>
    namespace === "istio-system" && app === "istio-ingressgateway"
      ? [{ cluster: "bogota", pod: "gw-1", revision: "", state: "ready", restarts: 0, ip: "127.17.1.1" }]
      : [],
} as Partial<ClusterAccess> as ClusterAccess;

describe("the HTTP API (fake fleet)", () => {
  let folder: string;
  let store: Store;
  let server: FastifyInstance;
  let engine: ReleaseEngine;
  let stopFleet: () => void;
  let secrets: number;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "quipu-api-"));
    store = await openSqliteStore(join(folder, "quipu.db"));
    secrets = 0;
    await store.write(async (tx) => {
      const token = { kind: "machine", expires: null } as const;
      await ensureToken(tx, { ...token, id: "admin", subject: "admin", secret: "admin", grants: [{ role: "admin" }] });
      await ensureToken(tx, {
        ...token,
        id: "dev",
        subject: "dana",
        secret: "dev",
        grants: [{ role: "developer", team: "payments" }],
      });
      await ensureToken(tx, {
        ...token,
        id: "other",
        subject: "otto",
        secret: "other",
        grants: [{ role: "developer", team: "search" }],
      });
      await ensureToken(tx, { ...token, id: "view", subject: "vera", secret: "view", grants: [{ role: "viewer" }] });
      await ensureToken(tx, {
        ...token,
        kind: "cluster",
        id: "clusters",
        subject: "clusters",
        secret: "cluster",
        grants: [{ role: "artifacts" }],
      });
      for (const [name, market] of [
        ["bogota", "co"],
        ["lima", "pe"],
      ] as const)
        await tx.put({
          apiVersion: "quipu.dev/v1",
          kind: "Cluster",
          metadata: { name, labels: { market } },
          spec: { region: market },
        });
    });
    stopFleet = fakeFleet(store, ["bogota", "lima"]);
    engine = new ReleaseEngine({
      store,
      acknowledger: { ask: async () => ({ done: true, evidence: "1 of 1 proxies" }), close: async () => undefined },
      evidence: nobodyCalls,
      now: Date.now,
      log: { info: () => undefined, error: console.error },
    });
    await engine.start();
    server = (
      await buildApi({
        store,
        engine,
        evidence: nobodyCalls,
        artifacts: new ArtifactFiles(join(folder, "artifacts")),
        clusters: new Map([["bogota", gatewayOnly]]),
        trustDomain: "quipu.local",
        log: pino({ level: "silent" }),
        now: Date.now,
        secret: () => `secret-${++secrets}`,
        notReady: () => [],
      })
    ).app;
  });
  afterEach(async () => {
    await server.close();
    await engine.stop();
    stopFleet();
    await store.close();
    rmSync(folder, { recursive: true });
  });

  async function call(
    method: string,
    url: string,
    {
      body,
      token = "admin",
      headers = {},
    }: { body?: unknown; token?: string | null; headers?: Record<string, string> } = {},
  ) {
    const type =
      typeof body === "string"
        ? "application/yaml"
        : body instanceof Buffer
          ? "application/x-tar"
          : body === undefined
            ? undefined
            : "application/json";
    const answer = await server.inject({
      method: method,
      url,
      headers: {
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(type !== undefined && { "content-type": type }),
        ...headers,
      },
      ...(body !== undefined && {
        payload: typeof body === "string" || body instanceof Buffer ? body : JSON.stringify(body),
      }),
    });
    const text = answer.body;
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text,
      body: text.startsWith("{") ? JSON.parse(text) : undefined,
    };
  }
  const put = (name: string, spec = "", more: Parameters<typeof call>[2] = {}, segment?: string) =>
    call("PUT", `/api/v1/apps/${name}`, { body: app(name, spec, segment), ...more });
  const deploy = async (name: string, image: string, more: Parameters<typeof call>[2] = {}) => {
    const answer = await call("POST", `/api/v1/apps/${name}/deploys`, { body: { image }, ...more });
    await engine.idle();
    return answer;
  };

  it("declares, deploys and shows an app", async () => {
    const created = await put("checkout", "  calls: [{ app: catalog }]");
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
    expect(await deploy("checkout", "registry.example/checkout:1")).toMatchObject({
      status: 202,
      body: {
        kind: "Release",
        metadata: { name: "checkout-r1" },
        spec: { parts: expect.arrayContaining(["workload"]) as string[], cause: { kind: "deploy", by: "admin" } },
      },
    });
    expect((await call("GET", "/api/v1/releases/checkout-r1")).body.status).toMatchObject({ phase: "finished" });
    expect((await call("GET", "/api/v1/apps/checkout")).body).toMatchObject({
      status: { phase: "running", revision: "r1", image: "registry.example/checkout:1", pods: { ready: 4, total: 4 } },
    });
    expect((await call("GET", "/api/v1/apps/checkout/status")).body).toMatchObject({
      calls: [{ app: "catalog", stage: "wanted" }],
      clusters: [{ name: "bogota" }, { name: "lima" }],
      releases: [{ metadata: { name: "checkout-r1" } }],
    });
    const edited = await put("checkout", "  traffic: { timeout: 700ms }");
    expect(edited).toMatchObject({ status: 200, body: { outcome: "updated", releases: ["checkout-r2"] } });
    await engine.idle();
    expect((await call("GET", "/api/v1/apps/checkout/status")).body).toMatchObject({ revision: "r1" });
    expect((await put("checkout", "  traffic: { timeout: 700ms }")).body).toMatchObject({
      outcome: "unchanged",
      releases: [],
    });
    expect((await deploy("checkout", "registry.example/checkout:1")).status).toBe(200);
    const history = await call("GET", "/api/v1/apps/checkout/history");
    expect(history.body.versions).toHaveLength(2);
    expect(history.body.releases.map((release: { metadata: { name: string } }) => release.metadata.name)).toEqual([
      "checkout-r2",
      "checkout-r1",
    ]);
  });

  it("renders what is in force, and what would be", async () => {
    const would = await call("POST", "/api/v1/render", { body: app("new") });
    expect(would.status).toBe(200);
    expect(would.body.clusters.map((each: { cluster: string }) => each.cluster)).toEqual(["bogota", "lima"]);
    const kindsOf = (clusters: { objects: { kind: string }[] }[]) => clusters[0]!.objects.map((object) => object.kind);
    expect(kindsOf(would.body.clusters)).toEqual(
      expect.arrayContaining(["Deployment", "Service", "VirtualService", "DestinationRule"]),
    );
    await put("checkout");
    await deploy("checkout", "registry.example/checkout:1");
    const rendered = await call("GET", "/api/v1/apps/checkout/render");
    expect(rendered.body).toMatchObject({ inForce: true });
    expect(kindsOf(rendered.body.clusters)).toContain("AuthorizationPolicy");
    expect(JSON.stringify(rendered.body)).toContain("registry.example/checkout:1");
    expect((await call("GET", "/api/v1/apps")).body.total).toBe(1);
  });

  it("tells what is wrong with a document, all of it, with its place; nothing is changed", async () => {
    expect(
      await call("PUT", "/api/v1/apps/a", {
        body: "apiVersion: quipu.dev/v1\nkind: App\nmetadata: { name: a\nspec: {}",
      }),
    ).toMatchObject({
      status: 400,
      headers: { "content-type": expect.stringContaining("application/problem+json") as string },
      body: { code: "broken-yaml", line: 4 },
    });
    expect(
      await call("PUT", "/api/v1/apps/a", {
        body: '{"apiVersion": "quipu.dev/v1",\n "kind": }',
        headers: { "content-type": "application/json" },
      }),
    ).toMatchObject({ status: 400, body: { code: "broken-yaml", line: 2, column: expect.any(Number) as number } });
    const wrong = await put("a", "  traffic: { timeuot: 3s }\n  calls: [{ app: b, timeout: 3 }]");
    expect(wrong).toMatchObject({
      status: 422,
      body: {
        code: expect.any(String) as string,
        problems: expect.arrayContaining([
          expect.objectContaining({ code: "unknown-field", field: "spec.traffic.timeuot", line: 9 }),
          expect.objectContaining({ field: "spec.calls[0].timeout", found: 3 }),
        ]) as unknown[],
      },
    });
    expect(wrong.text).toContain("Did you mean timeout?");
    expect(await call("GET", "/api/v1/apps/a")).toMatchObject({
      status: 404,
      body: { code: "not-found", subject: "App/a" },
    });
    expect(await call("PUT", "/api/v1/apps/b", { body: app("a") })).toMatchObject({
      status: 400,
      body: { field: "metadata.name", found: "a", accepted: "b" },
    });
    expect(await call("PUT", "/api/v1/teams/a", { body: app("a") })).toMatchObject({
      status: 400,
      body: { field: "kind" },
    });
    expect(await call("PUT", "/api/v1/apps/a", { body: app("a", `  # ${"x".repeat(1024 * 1024)}`) })).toMatchObject({
      status: 413,
      body: { code: "too-large" },
    });
    expect(
      await call("PUT", "/api/v1/apps/a", { body: Buffer.from("x"), headers: { "content-type": "image/png" } }),
    ).toMatchObject({ status: 415, body: { code: "unsupported-media-type" } });
    expect(await call("PUT", "/api/v1/apps/a", { body: "" })).toMatchObject({ status: 400 });
    expect(await call("POST", "/api/v1/apps", { body: app("a") })).toMatchObject({
      status: 405,
      headers: { allow: "GET, HEAD" },
      body: { code: "method-not-allowed" },
    });
    expect(await call("GET", "/api/v1/nothing")).toMatchObject({ status: 404, body: { code: "unknown-route" } });
    expect(await call("GET", "/api/v1/apps?limt=3")).toMatchObject({
      status: 400,
      body: { code: "unknown-field", field: "limt" },
    });
    expect(await call("GET", "/api/v1/apps?limit=9999")).toMatchObject({
      status: 400,
      body: { code: "out-of-range", field: "limit" },
    });
    expect(await call("PUT", "/api/v1/releases/a-r1", { body: "x" })).toMatchObject({ status: 405 });
    expect((await store.read((tx) => tx.list("App"))).total).toBe(0);
  });

  it("two writers at once: the second gets 412 with both revisions", async () => {
    const {
      headers: { etag },
    } = await put("a");
    const [first, second] = await Promise.all(
      ["1s", "2s"].map((timeout) =>
        put("a", `  traffic: { timeout: ${timeout} }`, { headers: { "if-match": String(etag) } }),
      ),
    );
    expect([first!.status, second!.status].sort()).toEqual([200, 412]);
    const lost = [first!, second!].find((answer) => answer.status === 412)!;
    expect(lost.body).toMatchObject({
      code: "revision-conflict",
      found: Number(String(etag).replaceAll('"', "")),
      accepted: expect.stringMatching(/^"\d+"$/) as string,
    });
    expect((await put("a", "", { headers: { "if-none-match": "*" } })).status).toBe(412);
    expect((await put("z", "", { headers: { "if-match": "*" } })).status).toBe(412);
    expect((await put("a", "", { headers: { "if-match": "nonsense" } })).status).toBe(400);
    expect((await call("DELETE", "/api/v1/apps/a", { headers: { "if-match": '"1"' } })).status).toBe(412);
  });

  it("a dry run checks everything and changes nothing", async () => {
    await put("a");
    await deploy("a", "registry.example/a:1");
    const revision = await store.read((tx) => tx.revision());
    expect(await put("a", "  traffic: { timeout: 9s }", {})).toMatchObject({ body: { releases: ["a-r2"] } });
    await engine.idle();
    const after = await store.read((tx) => tx.revision());
    expect(after).toBeGreaterThan(revision);
    const dry = await call("PUT", "/api/v1/apps/a?dryRun=true", { body: app("a", "  traffic: { timeout: 1s }") });
    expect(dry).toMatchObject({ status: 200, body: { outcome: "updated", releases: ["a-r3"] } });
    expect(await call("DELETE", "/api/v1/apps/a?dryRun=true")).toMatchObject({
      status: 200,
      body: { outcome: "deleted" },
    });
    expect(await store.read((tx) => tx.revision())).toBe(after);
    expect((await call("GET", "/api/v1/releases/a-r3")).status).toBe(404);
  });

  it("refuses by guard-rail, names the policy, and touches nothing that runs", async () => {
    await put("a");
    await deploy("a", "registry.example/a:1");
    expect(
      (
        await call("PUT", "/api/v1/policies/limits", {
          body: {
            apiVersion: "quipu.dev/v1",
            kind: "Policy",
            metadata: { name: "limits" },
            spec: { guardRails: { max: { "traffic.timeout": "20s" } } },
          },
        })
      ).status,
    ).toBe(201);
    expect(await put("a", "  traffic: { timeout: 30s }")).toMatchObject({
      status: 422,
      body: {
        code: "guard-rail",
        field: "spec.traffic.timeout",
        found: "30s",
        detail: expect.stringContaining("limits") as string,
      },
    });
    expect((await call("GET", "/api/v1/releases?app=a")).body.total).toBe(1);
    expect(await put("a", "", {}, "food")).toMatchObject({
      status: 422,
      body: { code: "immutable-field", accepted: "money" },
    });
  });

  it("a window keeps releases from beginning, by name; what doesn't run may be declared", async () => {
    await put("a");
    await deploy("a", "registry.example/a:1");
    await call("PUT", "/api/v1/windows/holidays", {
      body: {
        apiVersion: "quipu.dev/v1",
        kind: "Window",
        metadata: { name: "holidays" },
        spec: {
          mode: "freeze",
          reason: "peak season",
          once: { from: "2020-01-01T00:00:00Z", to: "2099-01-01T00:00:00Z" },
        },
      },
    });
    expect(await put("a", "  traffic: { timeout: 3s }")).toMatchObject({
      status: 409,
      body: { code: "window-closed", detail: "Window holidays freezes releases: peak season." },
    });
    expect((await call("GET", "/api/v1/apps/a")).body.spec.traffic).toBeUndefined();
    expect((await put("b")).status).toBe(201);
    expect((await call("DELETE", "/api/v1/windows/holidays")).status).toBe(200);
    expect((await put("a", "  traffic: { timeout: 3s }")).status).toBe(200);
  });

  it("an edit of a policy releases the apps that it changes, and no others", async () => {
    await put("a");
    await put("b", "  traffic: { timeout: 4s }");
    await deploy("a", "registry.example/a:1");
    await deploy("b", "registry.example/b:1");
    const edited = await call("PUT", "/api/v1/policies/slow", {
      body: {
        apiVersion: "quipu.dev/v1",
        kind: "Policy",
        metadata: { name: "slow" },
        spec: { defaults: { traffic: { timeout: "5s" } } },
      },
    });
    expect(edited.body.releases).toEqual(["a-r2"]);
    await engine.idle();
    expect((await call("GET", "/api/v1/releases/a-r2")).body).toMatchObject({
      spec: { cause: { kind: "policy" }, parts: ["traffic"] },
      status: { phase: "finished" },
    });
  });

  it("deploys once for each idempotency key", async () => {
    await put("a");
    const again = { headers: { "idempotency-key": "build-7" } };
    const first = await deploy("a", "registry.example/a:1", again);
    const second = await deploy("a", "registry.example/a:1", again);
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(second.body.metadata.name).toBe("a-r1");
    expect(await deploy("a", "registry.example/a:2", again)).toMatchObject({
      status: 422,
      body: { code: "idempotency-conflict" },
    });
    expect(await deploy("a", "registry.example/a")).toMatchObject({ status: 422, body: { code: "no-image" } });
    expect(await deploy("ghost", "registry.example/a:1")).toMatchObject({ status: 404 });
  });

  it("keeps artifacts by digest, and gives them to clusters", async () => {
    const archive = Buffer.from("a tar, says the test");
    const wrong = await call("POST", `/api/v1/artifacts?digest=sha256:${"0".repeat(64)}`, { body: archive });
    expect(wrong).toMatchObject({
      status: 422,
      body: { code: "artifact-mismatch", accepted: expect.stringContaining("sha256:") as string },
    });
    const {
      status,
      body: { digest, size },
    } = await call("POST", "/api/v1/artifacts?app=a", { body: archive, token: "dev" });
    expect([status, size]).toEqual([201, archive.length]);
    expect((await call("POST", `/api/v1/artifacts?digest=${digest}`, { body: archive })).status).toBe(200);
    expect((await call("GET", `/api/v1/artifacts/${digest}`, { token: "cluster" })).text).toBe(archive.toString());
    expect((await call("GET", `/api/v1/artifacts/${digest}`, { token: "view" })).status).toBe(403);
    expect((await call("GET", "/api/v1/artifacts/..%2f..%2fquipu.db")).status).toBe(404);
    await put("a");
    expect(
      (await call("POST", "/api/v1/apps/a/deploys", { body: { artifact: `sha256:${"1".repeat(64)}` } })).body,
    ).toMatchObject({ code: "unknown-reference" });
    expect((await call("POST", "/api/v1/apps/a/deploys", { body: { artifact: digest } })).status).toBe(202);
    await engine.idle();
    expect((await call("GET", "/api/v1/apps/a")).body.status.image).toBe(`quipu.local/a@${digest}`);
  });

  it("lets in whom it should, and nobody else", async () => {
    expect(await call("GET", "/api/v1/apps", { token: null })).toMatchObject({
      status: 401,
      headers: { "www-authenticate": 'Bearer realm="quipu"' },
      body: { code: "unauthenticated" },
    });
    expect((await call("GET", "/api/v1/apps", { token: "wrong" })).status).toBe(401);
    expect((await call("GET", "/api/v1/apps", { token: "cluster" })).status).toBe(403);
    expect((await call("GET", "/metrics", { token: null })).status).toBe(401);
    expect((await put("a", "", { token: "view" })).body).toMatchObject({
      code: "forbidden",
      accepted: "developer of payments, operator, admin",
    });
    expect((await put("a", "", { token: "other" })).status).toBe(403);
    expect((await put("a", "", { token: "dev" })).status).toBe(201);
    expect(
      (await call("PUT", "/api/v1/apps/a", { body: app("a").replace("payments", "search"), token: "dev" })).status,
    ).toBe(403);
    expect(
      (await call("PUT", "/api/v1/apps/a", { body: app("a").replace("payments", "search"), token: "other" })).status,
    ).toBe(403);
    expect((await deploy("a", "registry.example/a:1", { token: "other" })).status).toBe(403);
    expect((await call("GET", "/api/v1/audit", { token: "dev" })).status).toBe(403);
    const trail = (await call("GET", "/api/v1/audit")).body.items;
    expect(
      trail.map(
        (entry: { who: string; what: string; subject: string }) => `${entry.who} ${entry.what} ${entry.subject}`,
      ),
    ).toEqual(["dana put App/a"]);
  });

  it("signs a browser in by a link, once; a session changes things only from our own pages", async () => {
    const { body: link } = await call("POST", "/api/v1/session/links", { body: {} });
    const token = new URL(link.url).hash.replace("#token=", "");
    const signed = await call("POST", "/api/v1/session", { body: { token }, token: null });
    expect(signed).toMatchObject({ status: 201, body: { name: "admin" } });
    const cookie = String(signed.headers["set-cookie"]);
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
    const session = { token: null, headers: { cookie: cookie.split(";")[0]! } };
    expect((await call("GET", "/api/v1/whoami", session)).body).toMatchObject({ name: "admin", via: "session" });
    expect((await call("POST", "/api/v1/session", { body: { token }, token: null })).status).toBe(401);
    expect((await put("a", "", session)).status).toBe(403);
    expect(
      (
        await put("a", "", {
          token: null,
          headers: { ...session.headers, origin: "http://evil.example", host: "localhost:7070" },
        })
      ).status,
    ).toBe(403);
    expect(
      (
        await put("a", "", {
          token: null,
          headers: { ...session.headers, origin: "http://localhost:7070", host: "localhost:7070" },
        })
      ).status,
    ).toBe(201);
    expect((await call("GET", "/api/v1/whoami", { token: cookie.split(/[=;]/)[1]! })).status).toBe(401);
    expect(
      (
        await call("DELETE", "/api/v1/session", {
          token: null,
          headers: { ...session.headers, origin: "http://localhost:7070", host: "localhost:7070" },
        })
      ).status,
    ).toBe(204);
    expect((await call("GET", "/api/v1/whoami", session)).status).toBe(401);
  });

  it("deletes: withdraws what runs, refuses what is in use", async () => {
    await put("a");
    await deploy("a", "registry.example/a:1");
    expect(await call("DELETE", "/api/v1/clusters/lima")).toMatchObject({
      status: 409,
      body: { code: "in-use", detail: expect.stringContaining("App/a") as string },
    });
    expect(await call("DELETE", "/api/v1/apps/a")).toMatchObject({
      status: 200,
      body: { outcome: "deleted", releases: ["a-r2"] },
    });
    await engine.idle();
    expect(store.inForce().rosters.size).toBe(0);
    expect((await call("GET", "/api/v1/apps/a")).status).toBe(404);
    expect((await call("GET", "/api/v1/releases/a-r2")).body.status.phase).toBe("finished");
    expect((await call("DELETE", "/api/v1/apps/a")).status).toBe(404);
  });

  it("deleting an app that others call warns of them, in a dry run too", async () => {
    await put("a");
    await put("b", "  calls: [{ app: a }]");
    const warning = { code: "still-called", found: ["b"], subject: "App/a" };
    expect(await call("DELETE", "/api/v1/apps/a?dryRun=true")).toMatchObject({ body: { warnings: [warning] } });
    expect(await call("DELETE", "/api/v1/apps/a")).toMatchObject({ status: 200, body: { warnings: [warning] } });
    expect((await call("DELETE", "/api/v1/apps/b")).body.warnings).toEqual([]);
  });

  it("tells the rules in force, and which callers bring their own", async () => {
    await put("a", "  traffic: { timeout: 1s }");
    await put("b", "  calls: [{ app: a, timeout: 2s, retries: { attempts: 0 } }]");
    await put("c", "  calls: [{ app: a }]");
    for (const name of ["a", "b", "c"]) await deploy(name, `registry.example/${name}:1`);
    const { body } = await call("GET", "/api/v1/apps/a/rules");
    const own = { b: { timeoutMs: 2000, retries: { attempts: 0 } } };
    expect(body.clusters).toMatchObject([
      { cluster: "bogota", traffic: { timeoutMs: 1000 }, calls: {}, callers: own },
      { cluster: "lima", traffic: { timeoutMs: 1000 }, calls: {}, callers: own },
    ]);
    expect(Object.keys(body.clusters[0].callers)).toEqual(["b"]);
  });

  it("tells where a cluster's ingress is, and what is exposed there", async () => {
    await put("a", "  expose: [{ host: a.example, path: /x }]");
    await deploy("a", "registry.example/a:1");
    const host = { host: "a.example", path: "/x", app: "a", tls: false, stage: "open" };
    expect((await call("GET", "/api/v1/clusters/bogota/ingress")).body).toEqual({
      cluster: "bogota",
      gateways: [{ pod: "gw-1", state: "ready", http: "127.17.1.1:8080", https: "127.17.1.1:8443" }],
      hosts: [{ ...host, curl: "curl -H 'host: a.example' http://127.17.1.1:8080/x" }],
    });
    expect((await call("GET", "/api/v1/clusters/lima/ingress")).body).toEqual({
      cluster: "lima",
      gateways: [],
      hosts: [host],
    });
    expect((await call("GET", "/api/v1/apps/a/status")).body.hosts).toMatchObject([{ host: "a.example", path: "/x" }]);
    expect(await call("GET", "/api/v1/clusters/quito/ingress")).toMatchObject({
      status: 404,
      body: { code: "not-found" },
    });
  });

  it("streams changes, and goes on where a client was cut off", async () => {
    const address = await server.listen({ port: 0, host: "127.0.0.1" });
    const events = async (
      headers: Record<string, string>,
      until: (data: any) => boolean,
      act?: () => Promise<unknown>,
    ) => {
      const stop = new AbortController();
      const response = await fetch(`${address}/api/v1/events?kinds=App`, {
        headers: { authorization: "Bearer admin", ...headers },
        signal: stop.signal,
      });
      const found: { id: string | undefined; event: string; data: any }[] = [];
      let text = "";
      let acted: Promise<unknown> | undefined;
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
          const fields = Object.fromEntries(
            text
              .slice(0, end)
              .split("\n")
              .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
          );
          text = text.slice(end + 2);
          if (fields.event === undefined) continue;
          found.push({ id: fields.id, event: fields.event, data: JSON.parse(fields.data!) });
          if (fields.event === "hello") acted = act?.();
          if (fields.event === "change" && until(found.at(-1)!.data)) {
            await acted;
            stop.abort();
            return found.filter((each) => each.event === "change");
          }
        }
      }
      return found;
    };
    const first = await events(
      {},
      (data) => data.name === "b",
      async () => {
        await put("a");
        await put("b");
      },
    );
    expect(first.map(({ data }) => data.name)).toEqual(["a", "b"]);
    expect(first[0]!.data.object.metadata.resourceVersion).toBe(String(first[0]!.data.revision));
    await put("c");
    const second = await events({ "last-event-id": first[0]!.id! }, (data) => data.name === "c");
    expect(second.map(({ data }) => data.name)).toEqual(["b", "c"]);
    expect((await call("GET", "/api/v1/events?after=x")).status).toBe(400);
  });

  it("is alive, ready, and counts", async () => {
    expect((await call("GET", "/healthz", { token: null })).status).toBe(200);
    expect((await call("GET", "/readyz", { token: null })).body).toEqual({ status: "ready" });
    const metrics = await call("GET", "/metrics");
    expect(metrics.text).toContain("quipu_store_revision");
    expect(metrics.headers["x-content-type-options"]).toBe("nosniff");
  });
});
