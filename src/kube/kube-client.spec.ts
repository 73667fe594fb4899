import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { kinds } from "../objects/kinds.ts";
import { KubeClient } from "./kube-client.ts";

interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage["headers"];
  body: string;
}
let server: Server;
let client: KubeClient;
let seen: Seen[];
let slept: number[];
let answer: (request: Seen, response: ServerResponse) => void;

beforeEach(async () => {
  seen = [];
  slept = [];
  server = createServer((request, response) => {
    void take(request, response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  client = connect();
});
afterEach(async () => {
  await client.close();
  server.closeAllConnections();
  server.close();
});
async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const entry = { method: request.method!, url: request.url!, headers: request.headers, body: await text(request) };
  seen.push(entry);
  answer(entry, response);
}
function connect(options: object = {}): KubeClient {
  const clock = { now: () => 0, sleep: async (ms: number) => void slept.push(ms) };
  return new KubeClient(
    { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}/prefix`, token: "t0ken" },
    { clock, random: () => 0, ...options },
  );
}
const send = (response: ServerResponse, status: number, value: unknown, headers: Record<string, string> = {}) =>
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
const failure = (code: number, reason: string, details: object = {}) => ({
  kind: "Status",
  apiVersion: "v1",
  status: "Failure",
  code,
  reason,
  message: `it is ${reason}`,
  details,
});
const service = { apiVersion: "v1", kind: "Service", metadata: { name: "catalog", namespace: "food" } };

test("a server-side apply is one PATCH with manager, force and dry run; 201 tells a new object", async () => {
  answer = (_, response) => send(response, 201, service);
  expect(await client.apply(service, { fieldManager: "quipu", force: true, dryRun: true })).toEqual({
    object: service,
    created: true,
  });
  expect(seen[0]).toMatchObject({
    method: "PATCH",
    url: "/prefix/api/v1/namespaces/food/services/catalog?fieldManager=quipu&force=true&dryRun=All",
  });
  expect(seen[0]!.headers).toMatchObject({
    "content-type": "application/apply-patch+yaml",
    authorization: "Bearer t0ken",
  });
  expect(JSON.parse(seen[0]!.body)).toEqual(service);
});

test("a refused apply names who owns what", async () => {
  answer = (_, response) =>
    send(
      response,
      409,
      failure(409, "Conflict", {
        causes: [
          { reason: "FieldManagerConflict", message: 'conflict with "kubectl" using v1', field: ".spec.selector" },
          {
            reason: "FieldManagerConflict",
            message: 'conflict with "helm \\"x\\"" with subresource "status"',
            field: ".spec.ports[port=80]",
          },
          { reason: "Other", message: "no conflict" },
        ],
      }),
    );
  await expect(client.apply(service, { fieldManager: "quipu" })).rejects.toMatchObject({
    code: "kube/status",
    status: 409,
    reason: "Conflict",
    transient: false,
    conflicts: [
      { field: ".spec.selector", manager: "kubectl" },
      { field: ".spec.ports[port=80]", manager: 'helm \\"x\\"' },
    ],
    message: expect.stringContaining('.spec.selector is owned by "kubectl"'),
  });
});

test("429 with Retry-After is waited for, and given up after ten tries", async () => {
  let refusals = 2;
  answer = (_, response) =>
    refusals-- > 0
      ? send(response, 429, failure(429, "TooManyRequests"), { "retry-after": "3" })
      : send(response, 200, service);
  await client.get(kinds.Service, { namespace: "food", name: "catalog" });
  expect(slept).toEqual([3000, 3000]);
  refusals = Infinity;
  seen = [];
  await expect(client.get(kinds.Service, { namespace: "food", name: "catalog" })).rejects.toMatchObject({
    status: 429,
    retryAfterMs: 3000,
    transient: true,
  });
  expect(seen).toHaveLength(10);
});

test("429 without Retry-After is the caller's to handle", async () => {
  answer = (_, response) => send(response, 429, failure(429, "TooManyRequests"));
  await expect(client.get(kinds.Service, { namespace: "food", name: "catalog" })).rejects.toMatchObject({
    status: 429,
  });
  expect(seen).toHaveLength(1);
});

test("lists are read page by page, and items carry their kind", async () => {
  answer = ({ url }, response) =>
    url.includes("continue=next")
      ? send(response, 200, { metadata: { resourceVersion: "9" }, items: [{ metadata: { name: "b" } }] })
      : send(response, 200, {
          metadata: { resourceVersion: "9", continue: "next", remainingItemCount: 1 },
          items: [{ metadata: { name: "a" } }],
        });
  const list = await client.listAll(kinds.Deployment, { namespace: "food", labelSelector: "app=catalog", limit: 1 });
  expect(list.items.map(({ kind, apiVersion, metadata }) => [apiVersion, kind, metadata.name])).toEqual([
    ["apps/v1", "Deployment", "a"],
    ["apps/v1", "Deployment", "b"],
  ]);
  expect(seen.map(({ url }) => url)).toEqual([
    "/prefix/apis/apps/v1/namespaces/food/deployments?limit=1&labelSelector=app%3Dcatalog",
    "/prefix/apis/apps/v1/namespaces/food/deployments?limit=1&labelSelector=app%3Dcatalog&continue=next",
  ]);
});

test("find and delete take an absent object for an answer, get doesn't; preconditions travel", async () => {
  answer = (_, response) => send(response, 404, failure(404, "NotFound", { name: "catalog", kind: "services" }));
  const ref = { namespace: "food", name: "catalog" };
  expect(await client.find(kinds.Service, ref)).toBeUndefined();
  expect(
    await client.delete(kinds.Service, ref, { preconditions: { uid: "u1" }, propagationPolicy: "Foreground" }),
  ).toBe(false);
  expect(JSON.parse(seen[1]!.body)).toMatchObject({
    kind: "DeleteOptions",
    preconditions: { uid: "u1" },
    propagationPolicy: "Foreground",
  });
  await expect(client.get(kinds.Service, ref)).rejects.toMatchObject({
    reason: "NotFound",
    message: "GET /api/v1/namespaces/food/services/catalog: it is NotFound",
  });
});

test("create posts to the collection, status is updated below the object", async () => {
  answer = (_, response) => send(response, 201, service);
  await client.create(service);
  await client.update(service, { subresource: "status" });
  await client.patch(
    kinds.Service,
    { namespace: "food", name: "catalog" },
    { metadata: { labels: { a: null } } },
    "merge",
  );
  expect(seen.map(({ method, url, headers }) => [method, url, headers["content-type"]])).toEqual([
    ["POST", "/prefix/api/v1/namespaces/food/services", "application/json"],
    ["PUT", "/prefix/api/v1/namespaces/food/services/catalog/status", "application/json"],
    ["PATCH", "/prefix/api/v1/namespaces/food/services/catalog", "application/merge-patch+json"],
  ]);
});

test("a connection that died while idle costs a read nothing, and a create isn't sent twice", async () => {
  let dropped = 0;
  answer = ({ method }, response) => {
    if (dropped++ === 0 || method === "POST") response.socket!.destroy();
    else send(response, 200, service);
  };
  expect(await client.get(kinds.Service, { namespace: "food", name: "catalog" })).toEqual(service);
  expect(seen).toHaveLength(2);
  await expect(client.create(service)).rejects.toMatchObject({ code: "kube/unreachable" });
  expect(seen).toHaveLength(3);
});

test("no answer, nobody there, giving up and an answer of another kind are told apart", async () => {
  answer = () => undefined;
  const hasty = connect({ timeoutMs: 30 });
  await expect(hasty.raw("/version")).rejects.toMatchObject({ code: "kube/timeout", transient: true });
  await expect(hasty.raw("/version", { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "kube/aborted" });
  await hasty.close();
  answer = (_, response) => response.end("<html>");
  await expect(client.list(kinds.Pod)).rejects.toMatchObject({ code: "kube/malformed" });
  answer = (_, response) => response.writeHead(502).end("bad gateway");
  await expect(client.list(kinds.Pod)).rejects.toMatchObject({
    code: "kube/status",
    status: 502,
    message: expect.stringContaining("bad gateway"),
    transient: true,
  });
  const port = (server.address() as AddressInfo).port;
  server.closeAllConnections();
  server.close();
  const nobody = new KubeClient({ server: `http://127.0.0.1:${port}` });
  await expect(nobody.raw("/version")).rejects.toMatchObject({
    code: "kube/unreachable",
    message: expect.stringContaining("ECONNREFUSED"),
  });
  await nobody.close();
});

test("a watch gives events as they come, and is over when it is aborted", async () => {
  answer = (_, response) => {
    response.writeHead(200).write(`${JSON.stringify({ type: "ADDED", object: service })}\n`);
  };
  const stop = new AbortController();
  const events: string[] = [];
  await expect(
    (async () => {
      for await (const event of client.watch(kinds.Service, {
        namespace: "food",
        resourceVersion: "5",
        timeoutSeconds: 60,
        signal: stop.signal,
      })) {
        events.push(event.type);
        stop.abort();
      }
    })(),
  ).rejects.toThrow();
  expect(events).toEqual(["ADDED"]);
  expect(seen[0]!.url).toBe(
    "/prefix/api/v1/namespaces/food/services?resourceVersion=5&timeoutSeconds=60&watch=true&allowWatchBookmarks=true",
  );
});

test("an answer without an end is given up, also one that refuses a watch", async () => {
  let status = 200;
  let sent = 0;
  answer = (_, response) => {
    response.writeHead(status, { "content-type": "application/json" });
    const more = (): void => {
      while (!response.destroyed && response.write("x".repeat(65_536))) sent += 65_536;
    };
    response.on("drain", more);
    more();
  };
  const endless = connect({ mostBytes: 1_000_000 });
  await expect(endless.list(kinds.Pod)).rejects.toMatchObject({
    code: "kube/unreachable",
    message: expect.stringContaining("longer than any answer of an API"),
  });
  status = 500;
  const watch = endless.watch(kinds.Pod, {
    ...{ resourceVersion: "1", timeoutSeconds: 300 },
    signal: new AbortController().signal,
  });
  await expect(watch.next()).rejects.toMatchObject({ status: 500 });
  // What the sockets hold comes to that.
  expect(sent).toBeLessThan(100_000_000);
  await endless.close();
});
