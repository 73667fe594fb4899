import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ApiGround, appText, startApi } from "./api-ground.ts";

describe("who may use the HTTP API", () => {
  let api: ApiGround;
  beforeEach(async () => {
    api = await startApi();
  });
  afterEach(() => api.stop());

  it("lets in whom it should, and nobody else", async () => {
    expect(await api.get("/api/v1/apps", { token: null })).toMatchObject({
      status: 401,
      headers: { "www-authenticate": 'Bearer realm="quipu"' },
      body: { code: "unauthenticated" },
    });
    expect((await api.get("/api/v1/apps", { token: "wrong" })).status).toBe(401);
    expect((await api.get("/api/v1/apps", { token: "cluster" })).status).toBe(403);
    expect((await api.get("/metrics", { token: null })).status).toBe(401);
    expect((await api.put("a", "", { token: "view" })).body).toMatchObject({
      code: "forbidden",
      accepted: "developer of payments, operator, admin",
    });
    expect((await api.put("a", "", { token: "other" })).status).toBe(403);
    expect((await api.put("a", "", { token: "dev" })).status).toBe(201);
    expect(
      (await api.call("PUT", "/api/v1/apps/a", { body: appText("a").replace("payments", "search"), token: "dev" }))
        .status,
    ).toBe(403);
    expect(
      (await api.call("PUT", "/api/v1/apps/a", { body: appText("a").replace("payments", "search"), token: "other" }))
        .status,
    ).toBe(403);
    expect((await api.deploy("a", "registry.example/a:1", { token: "other" })).status).toBe(403);
    expect((await api.get("/api/v1/audit", { token: "dev" })).status).toBe(403);
    const trail = (await api.get("/api/v1/audit")).body.items;
    expect(
      trail.map(
        (entry: { who: string; what: string; subject: string }) => `${entry.who} ${entry.what} ${entry.subject}`,
      ),
    ).toEqual(["dana put App/a"]);
  });

  it("signs a browser in by a link, once; a session changes things only from our own pages", async () => {
    const { body: link } = await api.call("POST", "/api/v1/session/links", { body: {} });
    const token = new URL(link.url).hash.replace("#token=", "");
    const signed = await api.call("POST", "/api/v1/session", { body: { token }, token: null });
    expect(signed).toMatchObject({ status: 201, body: { name: "admin" } });
    const cookie = String(signed.headers["set-cookie"]);
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
    const session = { token: null, headers: { cookie: cookie.split(";")[0]! } };
    expect((await api.get("/api/v1/whoami", session)).body).toMatchObject({ name: "admin", via: "session" });
    expect((await api.call("POST", "/api/v1/session", { body: { token }, token: null })).status).toBe(401);
    expect((await api.put("a", "", session)).status).toBe(403);
    expect(
      (
        await api.put("a", "", {
          token: null,
          headers: { ...session.headers, origin: "http://evil.example", host: "localhost:7070" },
        })
      ).status,
    ).toBe(403);
    expect(
      (
        await api.put("a", "", {
          token: null,
          headers: { ...session.headers, origin: "http://localhost:7070", host: "localhost:7070" },
        })
      ).status,
    ).toBe(201);
    expect((await api.get("/api/v1/whoami", { token: cookie.split(/[=;]/)[1]! })).status).toBe(401);
    expect(
      (
        await api.call("DELETE", "/api/v1/session", {
          token: null,
          headers: { ...session.headers, origin: "http://localhost:7070", host: "localhost:7070" },
        })
      ).status,
    ).toBe(204);
    expect((await api.get("/api/v1/whoami", session)).status).toBe(401);
  });
});
