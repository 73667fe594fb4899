import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ApiGround, startApi } from "./api-ground.ts";

describe("the house, through the HTTP API", () => {
  let api: ApiGround;
  beforeEach(async () => {
    api = await startApi();
  });
  afterEach(() => api.stop());

  it("is alive, ready, and counts", async () => {
    expect((await api.get("/healthz", { token: null })).status).toBe(200);
    expect((await api.get("/readyz", { token: null })).body).toEqual({ status: "ready" });
    const metrics = await api.get("/metrics");
    expect(metrics.text).toContain("quipu_store_revision");
    expect(metrics.headers["x-content-type-options"]).toBe("nosniff");
  });
});
