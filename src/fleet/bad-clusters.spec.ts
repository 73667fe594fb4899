import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startBadApi, status, text, type BadApi, type Fault } from "../../test/harness/bad-kube-api.ts";
import { eventually } from "../../test/harness/eventually.ts";
import {
  api,
  app,
  at,
  desired,
  ledger,
  namespace,
  other,
  service,
  start,
  useWorkers,
  virtualService,
} from "../../test/harness/workers.ts";
import { testToken } from "../cluster/api/testing-server.ts";
import { KubeClient } from "../kube/kube-client.ts";
import type { Service } from "../objects/core.ts";
import { kinds } from "../objects/kinds.ts";
import { objectKey } from "./desired.ts";

useWorkers();

let bad: BadApi;
let far: KubeClient;
beforeEach(async () => {
  bad = await startBadApi(api);
  far = new KubeClient(
    { server: `https://127.0.0.1:${bad.port}`, ca: bad.rootPem, token: testToken },
    { timeoutMs: 5000, writeTimeoutMs: 5000 },
  );
});
afterEach(async () => {
  bad.fault = undefined;
  bad.hangUp();
  await far.close();
  await bad.close();
});

const unlessDiscovery =
  (fault: Fault): Fault =>
  (call) =>
    /^\/apis?(\?|$)/.test(call.path) ? call.pass() : fault(call);
const page = "<html><head><title>503 Service Temporarily Unavailable</title></head><body>nginx</body></html>";

const faults: [string, Fault, RegExp][] = [
  ["answers 429", status(429, "TooManyRequests", "the server has received too many requests"), /too many requests/],
  ["answers 500", status(500, "InternalError", "etcdserver: leader changed"), /etcdserver: leader changed/],
  ["is away behind a load balancer", text(503, page), /HTTP 503 with an HTML page titled "503 Service Temporarily/],
  ["is lost behind a load balancer", unlessDiscovery(text(404, "default backend - 404")), /404.*default backend/],
  ["answers garbage", text(200, "<html><title>Welcome</title>"), /an HTML page titled "Welcome"/],
  ["answers JSON of another kind", text(200, "{}"), /JSON of another kind/],
  [
    "answers lists without items",
    (call) => {
      if (call.watch) return status(410, "Expired", "too old")(call);
      return call.method === "GET" ? text(200, '{"metadata":{"resourceVersion":"5"}}')(call) : call.pass();
    },
    /a list of .* was to come/,
  ],
  [
    "answers half an object",
    async (call) => {
      if (call.watch) return call.response.destroy() as never;
      const { status: code, body } = await call.ask();
      call.response.writeHead(code).end(body.slice(0, body.length / 2));
    },
    /breaks off or is damaged/,
  ],
  [
    "breaks off in mid-answer",
    async (call) => {
      if (call.watch) return call.response.destroy() as never;
      const { status: code, headers, body } = await call.ask();
      call.response.writeHead(code, headers).write(body.slice(0, body.length / 2));
      setTimeout(() => call.response.destroy(), 5);
    },
    /can't reach https:\/\/127.0.0.1:\d+: .*(closed|terminated|aborted|broke|reset)/,
  ],
  ["never answers", () => undefined, /no answer from https:\/\/127.0.0.1:\d+ in time/],
  [
    "has forgotten its history, always",
    (call) => (call.watch ? status(410, "Expired", "too old resource version: 1 (2)")(call) : call.pass()),
    /too old resource version/,
  ],
  [
    "sends half an event and ends",
    (call) => (call.watch ? text(200, '{"type":"ADDED","object":{"kind":"Ser')(call) : call.pass()),
    /no event, but JSON that breaks off/,
  ],
  [
    "sends events about nothing",
    (call) =>
      call.watch
        ? text(200, '{"type":"DELETED","object":{"kind":"Service","metadata":{"resourceVersion":"9"}}}\n')(call)
        : call.pass(),
    /an event about something else/,
  ],
  ["doesn't know us any more", status(401, "Unauthorized", "Unauthorized"), /Unauthorized .*token.*new kubeconfig/],
];

describe.each(faults)("an API that %s", (_name, fault, reason) => {
  const foreign = () => ({ apiVersion: "v1", kind: "ConfigMap", metadata: at("theirs"), data: { a: "b" } });
  const deletes = () => bad.passed.filter((each) => each.startsWith("DELETE"));
  const all = async () =>
    (
      await Promise.all(
        [kinds.Service, kinds.ServiceAccount, kinds.Deployment, kinds.VirtualService].map((kind) =>
          other.listAll(kind, { labelSelector: "quipu.dev/managed=true" }),
        ),
      )
    )
      .flatMap(({ items }) => items.map(({ kind, metadata }) => `${kind}/${metadata.name}`))
      .toSorted();

  test("at first: the reason is told; then all is applied", async () => {
    bad.fault = fault;
    desired.change(1, { put: [namespace(), ...app("checkout")] });
    const { worker, seen } = start({ kube: far });
    await eventually(() => expect(worker.status().error).toMatch(reason));
    expect(deletes()).toEqual([]);
    bad.fault = undefined;
    bad.hangUp();
    await eventually(() => expect(worker.status()).toMatchObject({ applied: 1, pending: 0, failures: [] }));
    await eventually(() => expect(worker.status()).not.toHaveProperty("error"));
    await eventually(() => expect(seen()).toMatchObject({ applied: 1 }));
    expect(await all()).toEqual([
      "Deployment/checkout",
      "Service/checkout",
      "ServiceAccount/checkout",
      "VirtualService/checkout",
    ]);
    expect(deletes()).toEqual([]);
  });

  test("in the middle of work: nothing is lost, nothing deleted but what must go", async () => {
    desired.change(1, { put: [namespace(), ...app("checkout"), ...app("search")] });
    const { worker } = start({ kube: far });
    await eventually(() => expect(worker.status()).toMatchObject({ applied: 1, pending: 0 }));
    await other.create(foreign());
    bad.fault = fault;
    bad.hangUp();
    desired.change(2, { put: [service("checkout", 81)], remove: [objectKey(virtualService("search"))] });
    await eventually(() => expect(worker.status().error).toMatch(reason));
    bad.fault = undefined;
    bad.hangUp();
    await eventually(() => expect(worker.status()).toMatchObject({ applied: 2, pending: 0, failures: [] }));
    await eventually(() => expect(worker.status()).not.toHaveProperty("error"));
    expect(await all()).toEqual([
      "Deployment/checkout",
      "Deployment/search",
      "Service/checkout",
      "Service/search",
      "ServiceAccount/checkout",
      "ServiceAccount/search",
      "VirtualService/checkout",
    ]);
    expect((await other.get<Service>(kinds.Service, at("checkout"))).spec?.ports?.[0]?.port).toBe(81);
    expect(await other.get(kinds.ConfigMap, at("theirs"))).toMatchObject({ data: { a: "b" } });
    expect(new Set(deletes().map((each) => each.split("?")[0]))).toEqual(
      new Set(["DELETE /apis/networking.istio.io/v1/namespaces/money/virtualservices/search"]),
    );
    expect((await ledger.read("lima")).map(({ key }) => key).toSorted()).toEqual(
      [...desired.objects()].map(({ key }) => key).toSorted(),
    );
  });
});

test.each<[string, Fault, RegExp]>([
  ["404", text(404, "404 page not found"), /404 page not found/],
  ["success", text(200, "{}"), /word of the Service's deletion was to come/],
])("a garbled %s to a delete isn't taken for its success", async (_, fault, reason) => {
  desired.change(1, { put: [namespace(), service("checkout"), service("search")] });
  const { worker } = start({ kube: far });
  await eventually(() => expect(worker.status()).toMatchObject({ applied: 1, pending: 0 }));
  bad.fault = (call) => (call.method === "DELETE" ? fault(call) : call.pass());
  desired.change(2, { remove: [objectKey(service("search"))] });
  await eventually(() => expect(worker.status().error).toMatch(reason));
  expect((await ledger.read("lima")).map(({ key }) => key)).toContain(objectKey(service("search")));
  bad.fault = undefined;
  await eventually(() => expect(worker.status()).toMatchObject({ applied: 2, pending: 0 }));
  expect(await other.find(kinds.Service, at("search"))).toBeUndefined();
});

describe("a webhook that", () => {
  test.each<[string, Fault, RegExp]>([
    [
      "refuses",
      status(403, "Forbidden", 'admission webhook "gate.example" denied the request: no ports below 1024'),
      /Service money\/checkout: .*admission webhook "gate.example" denied the request/,
    ],
    [
      "hangs until the API gives it up",
      status(500, "InternalError", 'failed calling webhook "gate.example": context deadline exceeded'),
      /Service money\/checkout: .*failed calling webhook "gate.example": context deadline exceeded/,
    ],
    ["hangs, and the API with it", () => undefined, /services\/checkout: no answer from .* in time/],
  ])("%s holds up what it is about, and no other app", async (_, fault, reason) => {
    bad.fault = (call) =>
      call.method === "PATCH" && call.path.includes("/services/checkout") ? fault(call) : call.pass();
    desired.change(1, { put: [namespace(), ...app("checkout"), ...app("search")] });
    const { worker } = start({ kube: far });
    await eventually(() => expect(worker.status().error).toMatch(reason));
    await eventually(async () => {
      expect(await other.find(kinds.VirtualService, at("search"))).toBeDefined();
      expect(worker.status().failures.map(({ key }) => key)).toEqual([objectKey(service("checkout"))]);
    });
    expect(worker.seen().trouble).toMatch(reason);
    expect(await other.find(kinds.Deployment, at("checkout"))).toBeUndefined();
    bad.fault = undefined;
    await eventually(() => expect(worker.status()).toMatchObject({ applied: 1, pending: 0, failures: [] }));
  });
});

test("without Istio's CRDs all other kinds are applied; the kind that is missing is named, with what to do, until it comes", async () => {
  bad.fault = async (call) => {
    if (/^\/apis\/[a-z]+\.istio\.io\//.test(call.path)) return text(404, "404 page not found\n")(call);
    if (!/^\/apis(\?|$)/.test(call.path)) return call.pass();
    const { headers, body } = await call.ask();
    const groups = JSON.parse(body) as { items: { metadata: { name: string } }[] };
    const items = groups.items.filter(({ metadata }) => !metadata.name.endsWith("istio.io"));
    const { "content-type": type } = headers;
    call.response.writeHead(200, { "content-type": type }).end(JSON.stringify({ ...groups, items }));
  };
  desired.change(1, { put: [namespace(), ...app("checkout")] });
  const { worker, events } = start({ kube: far });
  await eventually(() => {
    const { error, trouble } = worker.seen();
    expect(error).toBeUndefined();
    expect(trouble).toMatch(
      /VirtualService money\/checkout: .*the cluster has no VirtualService of networking.istio.io\/v1: install Istio/,
    );
  });
  await eventually(async () => expect(await other.find(kinds.Deployment, at("checkout"))).toBeDefined());
  expect(worker.status().failures).toHaveLength(1);
  expect(bad.passed.filter((each) => each.startsWith("PATCH") && each.includes("istio"))).toEqual([]);
  expect(events.filter(({ type }) => type === "refused")).toEqual([]);
  // Not wanted any more while nobody can look: kept in mind.
  desired.change(2, { remove: [objectKey(virtualService("checkout"))] });
  desired.change(3, { put: [virtualService("checkout")] });
  bad.fault = undefined;
  await eventually(() => expect(worker.status()).toMatchObject({ applied: 3, pending: 0, failures: [] }));
  expect(await other.find(kinds.VirtualService, at("checkout"))).toBeDefined();
  expect(events.filter((event) => event.type === "kind-unreadable" && event.kind === "VirtualService")).toHaveLength(1);
});

test("what depends on an object that waits to be tried again waits with it, when it changes meanwhile too", async () => {
  bad.fault = (call) =>
    call.method === "PATCH" && call.path.includes("/services/checkout")
      ? status(403, "Forbidden", "no")(call)
      : call.pass();
  desired.change(1, { put: [namespace(), service("checkout")] });
  const { worker } = start({ kube: far, backOff: { baseMs: 60_000, maxMs: 60_000 } });
  await eventually(() => expect(worker.status().failures).toHaveLength(1));
  desired.change(2, { put: [...app("search"), virtualService("checkout")] });
  await eventually(async () => expect(await other.find(kinds.VirtualService, at("search"))).toBeDefined());
  expect(await other.find(kinds.VirtualService, at("checkout"))).toBeUndefined();
  bad.fault = undefined;
  desired.change(3, { put: [service("checkout", 81)] });
  await eventually(async () => expect(await other.find(kinds.Service, at("checkout"))).toBeDefined());
});

test("a cluster of which nothing at all may be read is out of contact", async () => {
  const message = 'pods is forbidden: User "quipu" cannot list resource "pods" in API group "" at the cluster scope';
  bad.fault = status(403, "Forbidden", message);
  desired.change(1, { put: [namespace()] });
  const { worker } = start({ kube: far });
  await eventually(() => expect(worker.seen().error).toContain(message));
  expect(worker.seen().error).toContain("bind that user to a ClusterRole");
  bad.fault = undefined;
  await eventually(() => expect(worker.seen()).toMatchObject({ applied: 1 }));
  await eventually(() => expect(worker.seen()).not.toHaveProperty("error"));
});

test("a kind that may not be read any more is trouble, and nothing of it is forgotten meanwhile", async () => {
  desired.change(1, { put: [namespace(), ...app("checkout")] });
  const { worker } = start({ kube: far });
  await eventually(() => expect(worker.status()).toMatchObject({ applied: 1, pending: 0 }));
  const message =
    'services is forbidden: User "quipu" cannot list resource "services" in API group "" at the cluster scope';
  bad.fault = (call) =>
    call.path.startsWith("/api/v1/services") ? status(403, "Forbidden", message)(call) : call.pass();
  bad.hangUp();
  await eventually(() => expect(worker.seen()).toMatchObject({ trouble: expect.stringContaining(message) }));
  await eventually(() => expect(worker.seen()).not.toHaveProperty("error"));
  desired.change(2, { put: [virtualService("search")], remove: [objectKey(service("checkout"))] });
  await eventually(async () => expect(await other.find(kinds.VirtualService, at("search"))).toBeDefined());
  expect((await ledger.read("lima")).map(({ key }) => key)).toContain(objectKey(service("checkout")));
  bad.fault = undefined;
  await eventually(async () => expect(await other.find(kinds.Service, at("checkout"))).toBeUndefined());
  await eventually(() => expect(worker.status()).toMatchObject({ applied: 2, pending: 0 }));
});
