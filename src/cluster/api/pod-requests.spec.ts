import { createServer } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Pod } from "../../objects/core.ts";
import { kinds } from "../../objects/kinds.ts";
import { ApiError } from "./api-error.ts";
import type { PodProxyRequest } from "./pod-requests.ts";
import { configMap } from "./testing.ts";
import { startTestServer, type TestServer } from "./testing-server.ts";

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
const pod = (name: string): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "default" },
  spec: { nodeName: "node", containers: [{ name: "app", image: "a:1" }] },
});

describe("pods over HTTP", () => {
  it("gives logs, and ends a followed one with its client", async () => {
    api.store.create(kinds.Pod, pod("p"));
    expect((await api.call("/api/v1/namespaces/default/pods/p/log?tailLines=5")).text).toBe("app 5\n");
    expect((await api.call("/api/v1/namespaces/default/pods/p/log?container=no")).json).toMatchObject({
      code: 400,
      message: "container no is not valid for pod p",
    });
    expect((await api.call("/api/v1/namespaces/default/pods/q/log")).status).toBe(404);
  });

  it("passes requests on without the caller's credentials", async () => {
    api.store.create(kinds.Pod, pod("p"));
    const reply = await api.call("/api/v1/namespaces/default/pods/http:p:15090/proxy/stats/a%20b?x=1", {
      headers: { "x-mine": "1" },
    });
    expect([reply.status, reply.headers["x-from"], reply.text]).toEqual([418, "pod", "GET /stats/a%20b?x=1"]);
    expect(proxied).toMatchObject({ port: "15090", scheme: "http", headers: { "x-mine": "1" } });
    expect(proxied!.headers["authorization"]).toBeUndefined();
    expect((await api.call("/api/v1/namespaces/default/pods/p:1/proxy/")).json).toMatchObject({
      code: 503,
      reason: "ServiceUnavailable",
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });

  it("keeps an error of its own from the client's eyes as a Status, and reports it", async () => {
    await api.stop();
    const errors: unknown[] = [];
    api = await startTestServer({
      podLogs: () => {
        throw new ApiError(400, "BadRequest", "container app is waiting to start");
      },
      onError: (error) => void errors.push(error),
    });
    api.store.create(kinds.Pod, pod("p"));
    expect((await api.call("/api/v1/namespaces/default/pods/p/log")).json.message).toBe(
      "container app is waiting to start",
    );
    api.store.close();
    expect((await api.call(configMaps, { method: "POST", body: configMap("c", {}) })).json).toMatchObject({
      code: 500,
      reason: "InternalError",
    });
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
