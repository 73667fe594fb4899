import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { IstiodForbids, IstiodsUnknown, page } from "../istiod/access.ts";
import { KubeClient } from "../kube/kube-client.ts";
import { istiodAccess } from "./istiod-access.ts";

const pod = (name: string, status: object) => ({ metadata: { name, namespace: "istio-system" }, spec: {}, status });
const failure = (code: number, reason: string) => ({ kind: "Status", apiVersion: "v1", code, reason, message: reason });
let server: Server;
let url: string;
let kube: KubeClient;
let asked: string[];
/** What is answered, by path. */
let answers: Record<string, { status?: number; body: unknown }>;
const pods = "/api/v1/namespaces/istio-system/pods";
const proxied = `${pods}/istiod-1:15014/proxy`;

beforeEach(async () => {
  asked = [];
  answers = {};
  server = createServer(({ url: path = "" }: IncomingMessage, response) => {
    asked.push(path);
    const { status = 200, body } = answers[path.split("?")[0]!] ?? { status: 404, body: failure(404, "NotFound") };
    const isText = typeof body === "string";
    response.writeHead(status, { "content-type": isText ? "text/plain" : "application/json" });
    response.end(isText ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  kube = new KubeClient({ server: url });
});
afterEach(async () => {
  await kube.close();
  server.close();
});

it("by the cluster's API: every pod of istiod that may hold streams, ready or not", async () => {
  const items = [
    pod("istiod-1", { phase: "Running", podIP: "10.0.0.1" }),
    pod("istiod-2", { phase: "Running", podIP: "10.0.0.2", conditions: [{ type: "Ready", status: "False" }] }),
    pod("istiod-3", { phase: "Pending" }),
    pod("istiod-4", { phase: "Failed", podIP: "10.0.0.4" }),
  ];
  answers[pods] = { body: { kind: "PodList", apiVersion: "v1", metadata: { resourceVersion: "1" }, items } };
  answers[`${proxied}/debug/sidecarz`] = { body: "yes" };
  const access = istiodAccess(kube);
  expect(await access.replicas()).toEqual(["istiod-1", "istiod-2"]);
  expect(asked[0]).toContain("labelSelector=app%3Distiod");
  expect(await access.get("istiod-1", "/debug/sidecarz?proxyID=a.b-")).toMatchObject({ status: 200, body: "yes" });
  expect(asked.at(-1)).toBe(`${proxied}/debug/sidecarz?proxyID=a.b-`);
});

it("none to be found, and none to be looked for, is no outage", async () => {
  const access = istiodAccess(kube, { namespace: "mesh" });
  const list = { kind: "PodList", apiVersion: "v1", metadata: { resourceVersion: "1" }, items: [] };
  answers["/api/v1/namespaces/mesh/pods"] = { body: list };
  await expect(access.replicas()).rejects.toThrow(IstiodsUnknown);
  answers["/api/v1/namespaces/mesh/pods"] = { status: 403, body: failure(403, "Forbidden") };
  await expect(access.replicas()).rejects.toThrow(IstiodsUnknown);
  answers["/api/v1/namespaces/mesh/pods"] = { status: 500, body: failure(500, "InternalError") };
  await expect(access.replicas()).rejects.not.toThrow(IstiodsUnknown);
});

it("istiods that are there and don't run, or were there and are gone, are an outage: nothing passes for acknowledged meanwhile", async () => {
  const access = istiodAccess(kube);
  const are = (...items: object[]): void => {
    answers[pods] = { body: { kind: "PodList", apiVersion: "v1", metadata: { resourceVersion: "1" }, items } };
  };
  are(pod("istiod-1", { phase: "Pending" }), pod("istiod-2", { phase: "Failed", podIP: "10.0.0.2" }));
  await expect(access.replicas()).rejects.toThrow("none of the 2 pods in istio-system with the label app=istiod runs");
  await expect(access.replicas()).rejects.not.toThrow(IstiodsUnknown);
  are();
  await expect(access.replicas()).rejects.not.toThrow(IstiodsUnknown);
  await expect(istiodAccess(kube).replicas()).rejects.toThrow(IstiodsUnknown);
});

it("what istiod itself refuses is told apart from a pod that is gone or silent", async () => {
  const access = istiodAccess(kube);
  for (const [status, body] of [
    [401, ""],
    [403, failure(403, "Forbidden")],
    [404, "404 page not found\n"],
  ] as const) {
    answers[`${proxied}/metrics`] = { status, body };
    await expect(page(access, "istiod-1", "/metrics")).rejects.toThrow(IstiodForbids);
  }
  for (const [status, body] of [
    [404, failure(404, "NotFound")],
    [503, failure(503, "ServiceUnavailable")],
    [502, "no"],
  ] as const) {
    answers[`${proxied}/metrics`] = { status, body };
    const asking = page(access, "istiod-1", "/metrics");
    await expect(asking).rejects.toThrow("istiod-1 doesn't answer");
    await expect(asking).rejects.not.toThrow(IstiodForbids);
  }
  answers[`${proxied}/debug/sidecarz`] = { status: 404, body: "Proxy not connected to this Pilot instance." };
  await expect(page(access, "istiod-1", "/debug/sidecarz?proxyID=a")).rejects.toThrow("not connected");
});

it("by URLs: each of them, whether it answers or not", async () => {
  const access = istiodAccess(kube, { urls: [`${url}/base/`, "http://127.0.0.1:1"] });
  const [one, two] = await access.replicas();
  answers["/base/metrics"] = { body: "yes" };
  expect(await access.get(one!, "/metrics")).toEqual({ status: 200, body: "yes" });
  await expect(access.get(two!, "/metrics")).rejects.toThrow("http://127.0.0.1:1 doesn't answer");
});
