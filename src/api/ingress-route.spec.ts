import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Problem } from "../model/problem.ts";
import type { ClusterAccess } from "./context.ts";
import { type ApiGround, startApi } from "./api-ground.ts";

describe("a cluster's ingress, through the HTTP API", () => {
  let api: ApiGround;
  beforeEach(async () => {
    api = await startApi();
  });
  afterEach(() => api.stop());

  it("tells where a cluster's ingress is, and what is exposed there", async () => {
    await api.put("a", "  expose: [{ host: a.example, path: /x }]");
    await api.deploy("a", "registry.example/a:1");
    const host = { host: "a.example", path: "/x", app: "a", tls: false, stage: "open" };
    expect((await api.get("/api/v1/clusters/bogota/ingress")).body).toEqual({
      cluster: "bogota",
      gateways: [{ pod: "gw-1", state: "ready", http: "127.17.1.1:8080", https: "127.17.1.1:8443" }],
      hosts: [{ ...host, curl: "curl -H 'host: a.example' http://127.17.1.1:8080/x" }],
    });
    expect((await api.get("/api/v1/clusters/lima/ingress")).body).toEqual({
      cluster: "lima",
      gateways: [],
      hosts: [host],
    });
    expect((await api.get("/api/v1/apps/a/status")).body.hosts).toMatchObject([{ host: "a.example", path: "/x" }]);
    expect(await api.get("/api/v1/clusters/quito/ingress")).toMatchObject({
      status: 404,
      body: { code: "not-found" },
    });
  });

  it("tells what can't be had there as that, and what doesn't answer as an outage", async () => {
    await api.stop();
    const through = (why: Error) =>
      ({ instances: () => Promise.reject(why) }) as Partial<ClusterAccess> as ClusterAccess;
    api = await startApi({
      clusters: new Map([
        ["bogota", through(new Problem("unsupported", "bogota is reached by its agent, and has no pods to show."))],
        ["lima", through(new Error("nothing listens there"))],
      ]),
    });
    expect(await api.get("/api/v1/clusters/bogota/ingress")).toMatchObject({
      status: 422,
      body: { code: "unsupported", detail: "bogota is reached by its agent, and has no pods to show." },
    });
    expect(await api.get("/api/v1/clusters/lima/ingress")).toMatchObject({
      status: 502,
      body: { code: "cluster-unreachable", detail: "lima: nothing listens there" },
    });
  });
});
