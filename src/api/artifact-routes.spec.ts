import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ApiGround, startApi } from "./api-ground.ts";

describe("artifacts, through the HTTP API", () => {
  let api: ApiGround;
  beforeEach(async () => {
    api = await startApi();
  });
  afterEach(() => api.stop());

  it("keeps artifacts by digest, and gives them to clusters", async () => {
    const archive = Buffer.from("a tar, says the test");
    const wrong = await api.call("POST", `/api/v1/artifacts?digest=sha256:${"0".repeat(64)}`, { body: archive });
    expect(wrong).toMatchObject({
      status: 422,
      body: { code: "artifact-mismatch", accepted: expect.stringContaining("sha256:") as string },
    });
    const {
      status,
      body: { digest, size },
    } = await api.call("POST", "/api/v1/artifacts?app=a", { body: archive, token: "dev" });
    expect([status, size]).toEqual([201, archive.length]);
    expect((await api.call("POST", `/api/v1/artifacts?digest=${digest}`, { body: archive })).status).toBe(200);
    expect((await api.get(`/api/v1/artifacts/${digest}`, { token: "cluster" })).text).toBe(archive.toString());
    expect((await api.get(`/api/v1/artifacts/${digest}`, { token: "view" })).status).toBe(403);
    expect((await api.get("/api/v1/artifacts/..%2f..%2fquipu.db")).status).toBe(404);
    await api.put("a");
    expect(
      (await api.call("POST", "/api/v1/apps/a/deploys", { body: { artifact: `sha256:${"1".repeat(64)}` } })).body,
    ).toMatchObject({ code: "unknown-reference" });
    expect((await api.call("POST", "/api/v1/apps/a/deploys", { body: { artifact: digest } })).status).toBe(202);
    await api.engine.idle();
    expect((await api.get("/api/v1/apps/a")).body.status.image).toBe(`quipu.local/a@${digest}`);
  });
});
