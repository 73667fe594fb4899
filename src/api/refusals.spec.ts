import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ApiGround, appText, startApi } from "./api-ground.ts";

describe("what the HTTP API refuses", () => {
  let api: ApiGround;
  beforeEach(async () => {
    api = await startApi();
  });
  afterEach(() => api.stop());

  it("tells what is wrong with a document, all of it, with its place; nothing is changed", async () => {
    expect(
      await api.call("PUT", "/api/v1/apps/a", {
        body: "apiVersion: quipu.dev/v1\nkind: App\nmetadata: { name: a\nspec: {}",
      }),
    ).toMatchObject({
      status: 400,
      headers: { "content-type": expect.stringContaining("application/problem+json") as string },
      body: { code: "broken-yaml", line: 4 },
    });
    expect(
      await api.call("PUT", "/api/v1/apps/a", {
        body: '{"apiVersion": "quipu.dev/v1",\n "kind": }',
        headers: { "content-type": "application/json" },
      }),
    ).toMatchObject({ status: 400, body: { code: "broken-yaml", line: 2, column: expect.any(Number) as number } });
    const wrong = await api.put("a", "  traffic: { timeuot: 3s }\n  calls: [{ app: b, timeout: 3 }]");
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
    expect(await api.get("/api/v1/apps/a")).toMatchObject({
      status: 404,
      body: { code: "not-found", subject: "App/a" },
    });
    expect(await api.call("PUT", "/api/v1/apps/b", { body: appText("a") })).toMatchObject({
      status: 400,
      body: { field: "metadata.name", found: "a", accepted: "b" },
    });
    expect(await api.call("PUT", "/api/v1/teams/a", { body: appText("a") })).toMatchObject({
      status: 400,
      body: { field: "kind" },
    });
    expect(
      await api.call("PUT", "/api/v1/apps/a", { body: appText("a", `  # ${"x".repeat(1024 * 1024)}`) }),
    ).toMatchObject({
      status: 413,
      body: { code: "too-large" },
    });
    expect(
      await api.call("PUT", "/api/v1/apps/a", { body: Buffer.from("x"), headers: { "content-type": "image/png" } }),
    ).toMatchObject({ status: 415, body: { code: "unsupported-media-type" } });
    expect(await api.call("PUT", "/api/v1/apps/a", { body: "" })).toMatchObject({ status: 400 });
    expect(await api.call("POST", "/api/v1/apps", { body: appText("a") })).toMatchObject({
      status: 405,
      headers: { allow: "GET, HEAD" },
      body: { code: "method-not-allowed" },
    });
    expect(await api.get("/api/v1/nothing")).toMatchObject({ status: 404, body: { code: "unknown-route" } });
    expect(await api.get("/api/v1/apps?limt=3")).toMatchObject({
      status: 400,
      body: { code: "unknown-field", field: "limt" },
    });
    expect(await api.get("/api/v1/apps?limit=9999")).toMatchObject({
      status: 400,
      body: { code: "out-of-range", field: "limit" },
    });
    expect(await api.call("PUT", "/api/v1/releases/a-r1", { body: "x" })).toMatchObject({ status: 405 });
    expect((await api.store.read((tx) => tx.list("App"))).total).toBe(0);
  });

  it("refuses by guard-rail, names the policy, and touches nothing that runs", async () => {
    await api.put("a");
    await api.deploy("a", "registry.example/a:1");
    expect(
      (
        await api.call("PUT", "/api/v1/policies/limits", {
          body: {
            apiVersion: "quipu.dev/v1",
            kind: "Policy",
            metadata: { name: "limits" },
            spec: { guardRails: { max: { "traffic.timeout": "20s" } } },
          },
        })
      ).status,
    ).toBe(201);
    expect(await api.put("a", "  traffic: { timeout: 30s }")).toMatchObject({
      status: 422,
      body: {
        code: "guard-rail",
        field: "spec.traffic.timeout",
        found: "30s",
        detail: expect.stringContaining("limits") as string,
      },
    });
    expect((await api.get("/api/v1/releases?app=a")).body.total).toBe(1);
    expect(await api.put("a", "", {}, { segment: "food" })).toMatchObject({
      status: 422,
      body: { code: "immutable-field", accepted: "money" },
    });
  });

  it("a window keeps releases from beginning, by name; what doesn't run may be declared", async () => {
    await api.put("a");
    await api.deploy("a", "registry.example/a:1");
    await api.call("PUT", "/api/v1/windows/holidays", {
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
    expect(await api.put("a", "  traffic: { timeout: 3s }")).toMatchObject({
      status: 409,
      body: { code: "window-closed", detail: "Window holidays freezes releases: peak season." },
    });
    expect((await api.get("/api/v1/apps/a")).body.spec.traffic).toBeUndefined();
    expect((await api.put("b")).status).toBe(201);
    expect((await api.call("DELETE", "/api/v1/windows/holidays")).status).toBe(200);
    expect((await api.put("a", "  traffic: { timeout: 3s }")).status).toBe(200);
  });
});
