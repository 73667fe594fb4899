import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRoot } from "../../src/trust/root.ts";
import { eventually } from "../harness/eventually.ts";
import { past, plain } from "../harness/identity.ts";
import { byStatus, type Reply } from "../harness/traffic.ts";
import { callGrpc } from "./support/grpc-call.ts";
import { bobPorts, one, startIstioApps, type IstioApps } from "./support/istio-apps.ts";
import { trustDomain } from "./support/istio-ground.ts";
import type { Workload } from "./support/workload.ts";

/**
 * Real Envoys that get everything from istiod obey what is declared: the cases of test/e2e/traffic.spec.ts, with the same
 * verdicts. What differs is in istio-differences.spec.ts.
 */
let apps: IstioApps;
let alice: Workload;
let carol: Workload;
let eve: Workload;
let bobs: readonly Workload[];
let declare: IstioApps["declare"];

beforeAll(async () => {
  apps = await startIstioApps();
  ({ alice, carol, eve, bobs, declare } = apps);
});
afterAll(async () => {
  await apps?.stop();
});

/** The cluster in which a caller has what it holds towards bob. */
const toBobs = "outbound|80|r1|bob.";
/** A connection keeps the rules that it began with until one of its next answers. A cluster that is changed begins with none. */
const newConnections = { perCaller: { connectionPool: { maxConnections: 1000 } } };
const connectionsAreNew = /"max_connections": 1000\b/;
/** What a client says of a connection that was closed without an answer. */
const closed = /socket hang up|ECONNRESET|EPIPE/;
const toBob = (caller: Workload, path: string, method = "GET"): Promise<Reply> =>
  caller.call(`http://bob.${one}${path}`, { method });
/** All at once. */
const times = <T>(count: number, make: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, make));

test("a declared call arrives, with the caller's identity proved", async () => {
  const { json } = await eventually(async () => {
    const reply = await toBob(alice, "/echo");
    expect(reply.status).toBe(200);
    return reply;
  });
  expect((json["headers"] as Record<string, string>)["x-forwarded-client-cert"]).toContain(
    `URI=spiffe://quipu.local/ns/${one}/sa/alice`,
  );
});

test("a retry hides one failure, for the caller that asked for retries", async () => {
  await eventually(async () => expect((await toBob(carol, "/echo")).status).toBe(200));
  expect((await toBob(carol, "/flaky?key=c&fail=1")).status).toBe(200);
  expect((await toBob(alice, "/flaky?key=a&fail=4")).status).toBe(503);
});

test("a timeout answers 504, and a caller's own differs", async () => {
  await declare({ bob: { timeout: "300ms" } });
  await alice.has(/"timeout": "0.300s"/);
  expect((await toBob(alice, "/?delay=700")).status).toBe(504);
  expect((await toBob(carol, "/?delay=700")).status).toBe(200);
});

test("a caller's pool overflows on the caller's side", async () => {
  await declare({ bob: { perCaller: { connectionPool: { maxRequests: 2 } } } });
  await alice.has(/"max_requests": 2\b/, toBobs);
  const replies = await times(10, () => toBob(alice, "/?delay=500"));
  expect(byStatus(replies)).toEqual({ 200: 2, 503: 8 });
  const refused = replies.filter(({ status }) => status === 503);
  expect(refused.every(({ headers }) => headers["x-envoy-overloaded"] === "true")).toBe(true);
  expect(await alice.stat(/^cluster\.outbound\|80\|r1\|bob\..*upstream_rq_(pending|active)_overflow$/)).toBe(8);
});

test("the inbound pool overflows on the callee's side", async () => {
  await declare({ bob: { inbound: { connectionPool: { maxRequests: 1 } } } });
  await Promise.all(bobs.map((callee) => callee.has(/"max_requests": 1\b/, "inbound|8080||")));
  const replies = await times(10, () => toBob(alice, "/?delay=500"));
  const counts = byStatus(replies);
  expect(counts[503]).toBeGreaterThanOrEqual(6);
  expect((counts[200] ?? 0) + (counts[503] ?? 0)).toBe(10);
  const overflows = await Promise.all(
    bobs.map((callee) => callee.stat(/^cluster\.inbound\|8080\|\|.*\.upstream_rq_(pending|active)_overflow$/)),
  );
  expect(overflows.reduce((sum, count) => sum + count, 0)).toBe(counts[503]);
});

test("the breaker ejects the broken replica only", async () => {
  const outlierDetection = { consecutive5xxErrors: 3, interval: "1s", baseEjectionTime: "30s", maxEjectionPercent: 50 };
  await declare({ bob: { perCaller: { outlierDetection } } });
  await alice.has(/"consecutive_5xx": 3\b/, toBobs);
  const call = () => toBob(alice, "/echo");
  const seen = new Set<unknown>();
  while (seen.size < 2) seen.add((await call()).headers["x-pod"]);
  const broken = (await toBob(alice, "/toggle")).headers["x-pod"];
  const replies = [];
  for (let count = 0; count < 40; count++) replies.push(await call());
  const failures = replies.filter(({ status }) => status === 500);
  // The third failure ejects it, a moment later: Envoy's main thread does that.
  expect(failures.length).toBeGreaterThanOrEqual(3);
  expect(failures.length).toBeLessThanOrEqual(6);
  expect(replies.slice(-20).every(({ status, headers }) => status === 200 && headers["x-pod"] !== broken)).toBe(true);
  for (const callee of bobs) await callee.ask("/toggle?broken=0");
});

test("an instance limit lets through its number on each replica, a cluster limit on all together", async () => {
  const limits = await apps.ground.startRateLimits();
  const own = { requests: 5, unit: "minute", scope: "instance", match: { path: "/own*" } };
  const all = { requests: 7, unit: "hour", match: { path: "/all*" } };
  await declare({ bob: { rateLimits: [own, all], ...newConnections } });
  limits.read(apps.ground.rules.objects.values());
  await alice.has(connectionsAreNew, toBobs);
  for (const callee of bobs) {
    await callee.has(/local_ratelimit/);
    await eventually(async () =>
      expect(await callee.stat(/^cluster\.outbound\|8081\|\|ratelimit\..*\.membership_healthy$/)).toBe(1),
    );
  }
  expect(byStatus(await times(60, () => toBob(alice, "/own")))).toEqual({ 200: 2 * 5, 429: 60 - 2 * 5 });
  // One after another: who counts is this process, and an answer of it that is late lets a request through.
  const replies = [];
  for (let count = 0; count < 12; count++) replies.push(await toBob(alice, "/all"));
  expect(byStatus(replies)).toEqual({ 200: 7, 429: 12 - 7 });
});

test("a fault answers in the app's place", async () => {
  await declare({ bob: { faults: [{ match: { path: "/broken*" }, percent: 100, abort: { status: 418 } }] } });
  await eventually(async () => expect((await toBob(alice, "/broken")).status).toBe(418));
  expect((await toBob(alice, "/echo")).status).toBe(200);
});

test("an undeclared call answers 502 in the caller's own sidecar", async () => {
  const reply = await alice.call(`http://dave.${one}/echo`);
  expect(reply.status).toBe(502);
  expect(reply.headers["x-pod"]).toBeUndefined();
});

test("a call made past the caller's sidecar: 200 where it is declared, 403 where it is not", async () => {
  const [callee] = bobs;
  expect((await past(callee!.pod, "/echo", alice.credentials)).status).toBe(200);
  expect(await past(callee!.pod, "/echo", eve.credentials)).toMatchObject({ status: 403, body: "RBAC: access denied" });
});

test("no certificate, another fleet's and plain text are refused before any request", async () => {
  const { pod } = bobs[0]!;
  const { ca } = alice.credentials;
  await expect(past(pod, "/echo", { ca })).rejects.toThrow();
  const now = Date.now();
  const stranger = await (await createRoot({ trustDomain, now })).issueIntermediate("uno", { now });
  const leaf = await stranger.issueWorkload({ spiffeId: `spiffe://${trustDomain}/ns/${one}/sa/alice`, now });
  await expect(past(pod, "/echo", { cert: leaf.certChainPem, key: leaf.keyPem, ca })).rejects.toThrow();
  expect(await plain(pod)).toBe("");
});

test("a call across segments needs the callee's consent", async () => {
  await declare({});
  await expect(toBob(eve, "/echo")).rejects.toThrow(closed);
  await declare({ bobMore: { access: { callers: [{ app: "eve", methods: ["GET"], paths: ["/echo"] }] } } });
  await eventually(async () => expect((await toBob(eve, "/echo")).status).toBe(200));
  expect((await toBob(eve, "/other")).status).toBe(403);
  expect((await toBob(eve, "/echo", "POST")).status).toBe(403);
});

test("TCP arrives where it is declared, and nowhere else", async () => {
  expect(await say(alice, "bob", 7000)).toMatch(/^bob-[12] hello$/);
  expect(await say(alice, "dave", 7000)).toBe("");
  // Consent for some methods and paths is none for TCP.
  expect(await say(eve, "bob", 7000)).toBe("");
});

test("gRPC meets its app's status, a limit and the timeout in its own terms", async () => {
  const greeter = await alice.port(`greeter.${one}`, 50051);
  const unary = (message: object = {}) => callGrpc(greeter, message);
  const { code, answer } = await unary();
  expect(code).toBe(0);
  expect(JSON.stringify(answer)).toContain(`URI=spiffe://${trustDomain}/ns/${one}/sa/alice`);
  expect(await unary({ fail: 9 })).toMatchObject({ code: 9, details: "as asked" });

  await declare({ greeter: { rateLimits: [{ requests: 2, unit: "hour", scope: "instance" }], ...newConnections } });
  await apps.greeter.has(/local_ratelimit/);
  await alice.has(connectionsAreNew, "outbound|50051|r1|greeter.");
  const codes = [];
  for (let count = 0; count < 3; count++) codes.push((await unary()).code);
  expect(codes).toEqual([0, 0, status.RESOURCE_EXHAUSTED]);

  await declare({ greeter: { timeout: "300ms" } });
  await alice.has(/"timeout": "0.300s"/);
  // Of the caller's sidecar or the callee's: see istio-differences.spec.ts. The limit would be another.
  expect((await unary({ delay: 2000 })).code).toBeOneOf([status.UNAVAILABLE, status.DEADLINE_EXCEEDED]);
});

test("weights shift from one revision to the next", async () => {
  await apps.ground.start({ name: "bob-3", app: "bob", namespace: one, revision: "r2", ports: bobPorts });
  const shift = (weights: Record<string, number>): Promise<void> =>
    declare({
      situation: {
        rosters: { bob: { revisions: ["r1", "r2"] } },
        lanes: { "bob/uno": { live: ["r1", "r2"], ready: ["r1", "r2"], weights, good: "r1" } },
      },
    });
  const versions = async (count: number): Promise<unknown[]> =>
    (await times(count, () => toBob(alice, "/echo"))).map(({ status, headers }) => {
      expect(status).toBe(200);
      return headers["x-version"];
    });
  await shift({ r1: 100 });
  await alice.has(/outbound\|80\|r2\|bob/);
  expect(new Set(await versions(20))).toEqual(new Set(["r1"]));
  await shift({ r1: 80, r2: 20 });
  await eventually(async () => expect(await versions(10)).toContain("r2"));
  const shifted = (await versions(200)).filter((version) => version === "r2").length;
  // Of 200 at 20 % fewer than 15 or more than 75 come about once in a million times.
  expect(shifted).toBeGreaterThanOrEqual(15);
  expect(shifted).toBeLessThanOrEqual(75);
  await shift({ r2: 100 });
  await eventually(async () => expect(new Set(await versions(20))).toEqual(new Set(["r2"])));
});

/** What comes back of a line that the caller sends. */
async function say(caller: Workload, callee: string, port: number): Promise<string> {
  const socket = await caller.connect(`${callee}.${one}`, port);
  return new Promise((resolve) => {
    let text = "";
    socket.setTimeout(5000, () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("\n")) socket.end();
    });
    socket.on("error", () => resolve(text));
    socket.on("close", () => resolve(text.trimEnd()));
    socket.write("hello\n");
  });
}
