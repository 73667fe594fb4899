/** Real clusters that misbehave: the reason is on the cluster's page, nothing is lost, and nothing deleted that should not be. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { KubeConnection } from "../../src/kube/kubeconfig.ts";
import { kinds, type Kind } from "../../src/objects/kinds.ts";
import { behind, startBadApi, status as answers, text, type BadApi, type Fault } from "../harness/bad-kube-api.ts";
import { eventually } from "../harness/eventually.ts";
import { ended, put } from "../harness/releases.ts";
import { refusal, startGateWebhook, type GateWebhook } from "./support/gate-webhook.ts";
import { kubeconfigFile, startJoinedFleet, type JoinedFleet } from "./support/joined-fleet.ts";

const run = promisify(execFile);
const namespace = "real";
const minute = 60_000;
let joined: JoinedFleet;
let gate: GateWebhook;
/** Stands before the cluster's API. */
let bad: BadApi;
/** Through it, by a token: a client certificate couldn't be passed on. */
let through: KubeConnection;
/** Where the API is, for others like it. */
let behindIt: { port: number; rootPem: string };
let contexts = 0;
const others: BadApi[] = [];

beforeAll(async () => {
  joined = await startJoinedFleet();
  const { connection } = joined.testbed.clusters[0]!;
  behindIt = { port: Number(new URL(connection.server).port), rootPem: connection.ca! };
  bad = await startBadApi(behindIt);
  gate = await startGateWebhook();
  await kubectl("create", "serviceaccount", "far", "-n", "kube-system");
  await kubectl(
    "create",
    "clusterrolebinding",
    "far",
    "--clusterrole=cluster-admin",
    "--serviceaccount=kube-system:far",
  );
  const { stdout: token } = await kubectl("create", "token", "far", "-n", "kube-system");
  through = { server: `https://127.0.0.1:${bad.port}`, ca: bad.rootPem, token: token.trim() };
  await use(through);
  await put(joined.fleet, "{ apiVersion: quipu.dev/v1, kind: Team, metadata: { name: testers }, spec: {} }");
  await put(joined.fleet, `{ apiVersion: quipu.dev/v1, kind: Segment, metadata: { name: ${namespace} }, spec: {} }`);
  await joined.untilReady("uno");
  for (const name of ["checkout", "search"]) await finishes(await deploy(name));
});
afterAll(async () => {
  await joined?.stop();
  for (const { hangUp, close } of others) {
    hangUp();
    await close();
  }
  await Promise.all([bad?.close(), gate?.close()]);
});

const kubectl = (...words: string[]) =>
  run(joined.testbed.kubectl, ["--kubeconfig", joined.testbed.kubeconfig, ...words]);
/** Another context at once: a file that changes is read again only after a while. */
async function use(connection: KubeConnection): Promise<void> {
  const context = `c${++contexts}`;
  const path = kubeconfigFile(joined.testbed, context, context, connection);
  await joined.declare("uno", { kubeconfig: { context, path } });
}
/** Through another one, whose certificate is from another time. */
async function throughAnother(certificate: { now: number; ttlMs?: number }): Promise<[BadApi, KubeConnection]> {
  const other = await startBadApi(behindIt, certificate);
  others.push(other);
  return [other, { ...through, server: `https://127.0.0.1:${other.port}`, ca: other.rootPem }];
}
async function deploy(name: string): Promise<{ app: string; number: number }> {
  const spec = {
    ...{ team: "testers", segment: namespace },
    workload: { replicas: { min: 1, max: 1 }, drain: "1s" },
    placement: { clusters: { matchLabels: { kind: "real" } } },
    rollout: { steps: [{ weight: 50, hold: "0s" }] },
  };
  await put(joined.fleet, JSON.stringify({ apiVersion: "quipu.dev/v1", kind: "App", metadata: { name }, spec }));
  const { body } = await joined.fleet.client.call<{ releases: string[] }>("POST", `/api/v1/apps/${name}/deploys`, {
    body: { image: `registry.example/${name}:${++contexts}` },
  });
  return { app: name, number: Number(body.releases[0]!.slice(name.length + 2)) };
}
const finishes = async (release: { app: string; number: number }) =>
  expect(await ended(joined.fleet, release, 4 * minute)).toMatchObject({ phase: "finished" });
/** The reason is where people look: at the cluster in the API, and in the CLI. */
async function said(words: RegExp): Promise<void> {
  await eventually(async () => expect((await joined.status("uno")).error).toMatch(words), 2 * minute);
  expect((await joined.fleet.cli("describe", "cluster", "uno")).stdout).toMatch(/error: /);
}
/** Objects that Quipu made, each with its UID: none of them was made anew. */
async function made(): Promise<string[]> {
  const found: string[] = [];
  for (const kind of [
    kinds.Namespace,
    kinds.Service,
    kinds.ServiceAccount,
    kinds.Deployment,
    kinds.VirtualService,
  ] as Kind[]) {
    const { items } = await joined.real[0]!.listAll(kind, { labelSelector: "quipu.dev/managed=true" });
    found.push(...items.map(({ metadata }) => `${kind.kind} ${metadata.name} ${metadata.uid}`));
  }
  return found.toSorted();
}

const expired = answers(410, "Expired", "too old resource version: 1 (2)");
/** With a watch that can't go on, so that it is listed anew. */
const half: Fault = async (call) => {
  if (call.watch) return expired(call);
  const { status: code, body } = await call.ask();
  call.response.writeHead(code).end(body.slice(0, body.length / 2));
};
const midway: Fault = async (call) => {
  if (call.watch) return call.response.destroy() as never;
  const { status: code, headers, body } = await call.ask();
  call.response.writeHead(code, headers).write(body.slice(0, body.length / 2));
  setTimeout(() => call.response.destroy(), 5);
};
const ofWatches =
  (fault: Fault): Fault =>
  (call) =>
    call.watch ? fault(call) : call.pass();

describe("an apiserver that", () => {
  test.each<[string, Fault, RegExp]>([
    [
      "answers 429",
      answers(429, "TooManyRequests", "too many requests, try again", { "retry-after": "1" }),
      /too many requests/,
    ],
    ["answers 500", answers(500, "InternalError", "etcdserver: leader changed"), /leader changed/],
    ["answers garbage", text(200, "<html><title>Welcome</title>"), /HTML page titled "Welcome"/],
    ["answers half an object", half, /breaks off or is damaged/],
    ["stops mid-stream", midway, /can't reach https:\/\/127/],
    ["sends half an event", ofWatches(text(200, '{"type":"ADDED","object":{"kind":"Ser')), /JSON that breaks off/],
    ["forgets its history", ofWatches(expired), /too old resource/],
    ["doesn't know us any more", answers(401, "Unauthorized", "Unauthorized"), /Unauthorized .*new kubeconfig/],
  ])(
    "%s: its page says so; what was asked of it meanwhile is done when it is well, and no more",
    async (_, fault, reason) => {
      const before = await made();
      bad.fault = fault;
      bad.hangUp();
      await said(reason);
      await kubectl("delete", "virtualservice", "search", "-n", namespace);
      bad.fault = undefined;
      bad.hangUp();
      await joined.untilReady("uno");
      const rest = (all: string[]) => all.filter((each) => !each.startsWith("VirtualService search "));
      await eventually(async () => expect(await made()).toHaveLength(before.length));
      expect(rest(await made())).toEqual(rest(before));
    },
  );

  test("is away while an app is released: the release waits for it, says why, and goes on", async () => {
    bad.fault = answers(503, "ServiceUnavailable", "apiserver not ready");
    bad.hangUp();
    const release = await deploy("checkout");
    await said(/apiserver not ready/);
    bad.fault = undefined;
    bad.hangUp();
    await finishes(release);
  });
});

describe("credentials and certificates", () => {
  test.each<[string, () => Promise<KubeConnection>, RegExp]>([
    ["a wrong token", async () => ({ ...through, token: "wrong" }), /Unauthorized .*token/],
    [
      "a server certificate that has expired",
      async () => (await throughAnother({ now: Date.now() - 10 * minute, ttlMs: 5 * minute }))[1],
      /certificate has expired/,
    ],
    [
      "a server certificate that isn't valid yet",
      async () => (await throughAnother({ now: Date.now() + 10 * minute }))[1],
      /certificate isn't valid yet: its clock is ahead/,
    ],
  ])("%s: its page says so, and nothing is touched", async (_, connection, reason) => {
    const before = await made();
    await use(await connection());
    await said(reason);
    await use(through);
    await joined.untilReady("uno");
    expect(await made()).toEqual(before);
  });
});

test("a cluster ten minutes in the past: joined, released into and healed as any other", async () => {
  const [past, connection] = await throughAnother({ now: Date.now() - 10 * minute });
  past.fault = behind(10 * minute);
  await use(connection);
  await joined.untilReady("uno");
  const began = Date.now();
  await finishes(await deploy("checkout"));
  await kubectl("delete", "serviceaccount", "checkout", "-n", namespace);
  const worker = () =>
    joined.fleet.client.get<{ drift: { object: string; at: number }[] }>("/api/v1/clusters/uno/worker");
  const object = `ServiceAccount ${namespace}/checkout`;
  const { at } = await eventually(async () => {
    const drifted = (await worker()).drift.find((each) => each.object === object && each.at >= began);
    return drifted ?? expect.fail("it isn't told yet");
  });
  expect(at).toBeLessThanOrEqual(Date.now());
  expect(await joined.status("uno")).not.toHaveProperty("error");
  await use(through);
  await joined.untilReady("uno");
});

test("a webhook that refuses, or hangs: its words are on the cluster's page; only what it is about waits, and then goes on", async () => {
  const file = join(joined.testbed.folder, "gate.json");
  writeFileSync(file, JSON.stringify(gate.manifest("gated")));
  await kubectl("apply", "-f", file);
  const probe = { apiVersion: "v1", kind: "Service", metadata: { name: "probe", labels: { app: "gated" } } };
  const asked = join(joined.testbed.folder, "probe.json");
  writeFileSync(asked, JSON.stringify({ ...probe, spec: { ports: [{ port: 80 }] } }));
  const tried = () => kubectl("apply", "--dry-run=server", "-f", asked).catch((error: Error) => error.message);
  await eventually(async () => expect(await tried()).toContain(refusal));

  const release = await deploy("gated");
  await said(new RegExp(`Service ${namespace}/gated: .*admission webhook "gate.quipu.example" denied.*${refusal}`));
  await finishes(await deploy("search"));
  gate.mode = "hangs";
  await said(new RegExp(`Service ${namespace}/gated: .*failed calling webhook "gate.quipu.example"`));
  await finishes(await deploy("search"));
  expect(await joined.real[0]!.find(kinds.Service, { namespace, name: "gated" })).toBeUndefined();
  expect((await joined.fleet.client.get<{ failures: unknown[] }>("/api/v1/clusters/uno/worker")).failures).toHaveLength(
    1,
  );
  gate.mode = "allows";
  await finishes(release);
  await joined.untilReady("uno");
  await kubectl("delete", "-f", file);
});
