import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { change, deployProbe, ground, probeApp, type ProbeApp } from "../harness/apps.ts";
import { TestFleet } from "../harness/fleet.ts";
import { plain } from "../harness/identity.ts";
import type { Pod } from "../../src/objects/core.ts";
import { askApp, byStatus, readyPods, sidecarOf, statOf, through } from "../harness/traffic.ts";

/**
 * Real Envoys obey what is declared. `alice` and `carol` call `bob` (two replicas, same segment); `eve` is of another
 * segment; nobody declared a call to `dave`.
 */
let fleet: TestFleet;
let alice: string;
let carol: string;
let eve: string;

const bobCalls = (more: Record<string, unknown> = {}) => ({ calls: [{ app: "bob", ...more }] });
const bob = (traffic: Record<string, unknown>, more: Record<string, unknown> = {}): ProbeApp => ({
  name: "bob",
  replicas: 2,
  tcp: true,
  spec: { traffic, ...more },
});

beforeAll(async () => {
  fleet = await TestFleet.start();
  await fleet.apply(ground);
  await fleet.apply(
    [
      probeApp({ name: "alice", spec: bobCalls() }),
      probeApp({
        name: "carol",
        spec: bobCalls({ timeout: "3s", retries: { attempts: 2, perTryTimeout: "1s", retryOn: ["5xx"] } }),
      }),
      probeApp({ name: "eve", segment: "two", spec: bobCalls() }),
      probeApp({ name: "dave" }),
      probeApp(bob({})),
    ].join("---\n"),
  );
  await deployProbe(fleet, "bob", "dave", "alice", "carol", "eve");
  [alice, carol, eve] = (await Promise.all(["alice", "carol", "eve"].map((app) => sidecarOf(fleet, app)))) as [
    string,
    string,
    string,
  ];
});
afterAll(async () => {
  await fleet?.stop();
});

test("a declared call arrives, with the caller's identity proved", async () => {
  const reply = await through(alice, "http://bob.one/echo");
  expect(reply.status).toBe(200);
  expect((reply.json.headers as Record<string, string>)["x-forwarded-client-cert"]).toContain(
    "URI=spiffe://quipu.local/ns/one/sa/alice",
  );
});

test("a client of HTTP/1.0 is served", async () => {
  const socket = connect(15_001, alice, () => socket.write("GET http://bob.one/echo HTTP/1.0\r\n\r\n"));
  const [chunk] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  expect(chunk.toString()).toMatch(/^HTTP\/1\.[01] 200 OK\r\n/);
});

test("a timeout answers 504, and a caller's own differs", async () => {
  await change(fleet, bob({ timeout: "300ms" }));
  expect((await through(alice, "http://bob.one/?delay=700")).status).toBe(504);
  expect((await through(carol, "http://bob.one/?delay=700")).status).toBe(200);
});

test("a retry hides one failure, for the caller that asked for retries", async () => {
  expect((await through(carol, "http://bob.one/flaky?key=c&fail=1")).status).toBe(200);
  expect((await through(alice, "http://bob.one/flaky?key=a&fail=4")).status).toBe(503);
});

test("a caller's pool overflows on the caller's side", async () => {
  await change(fleet, bob({ perCaller: { connectionPool: { maxRequests: 2 } } }));
  const replies = await Promise.all(Array.from({ length: 10 }, () => through(alice, "http://bob.one/?delay=500")));
  expect(byStatus(replies)).toEqual({ 200: 2, 503: 8 });
  expect(
    replies.filter(({ status }) => status === 503).every(({ headers }) => headers["x-envoy-overloaded"] === "true"),
  ).toBe(true);
  const [pod] = await readyPods(fleet, "alice");
  expect(
    await statOf(
      fleet,
      pod as Pod,
      /^cluster\.outbound\|80\|r1\|bob\.one\.svc\.cluster\.local\.upstream_rq_(pending|active)_overflow$/,
    ),
  ).toBe(8);
});

test("one connection carries many requests at a time", async () => {
  await change(fleet, bob({ perCaller: { connectionPool: { maxConnections: 1, maxPendingRequests: 1 } } }));
  const pods = new Set<unknown>();
  while (pods.size < 2) pods.add((await through(alice, "http://bob.one/echo")).headers["x-pod"]);
  const replies = await Promise.all(Array.from({ length: 10 }, () => through(alice, "http://bob.one/?delay=500")));
  expect(byStatus(replies)).toEqual({ 200: 10 });
});

test("the inbound pool overflows on the callee's side", async () => {
  await change(fleet, bob({ inbound: { connectionPool: { maxRequests: 1 } } }));
  const replies = await Promise.all(Array.from({ length: 10 }, () => through(alice, "http://bob.one/?delay=500")));
  const counts = byStatus(replies);
  expect(counts[503]).toBeGreaterThanOrEqual(6);
  expect((counts[200] ?? 0) + (counts[503] ?? 0)).toBe(10);
  const overflows = await Promise.all(
    (await readyPods(fleet, "bob")).map((pod) =>
      statOf(fleet, pod, /^cluster\.inbound\|8080\|\|.*\.upstream_rq_(pending|active)_overflow$/),
    ),
  );
  expect(overflows.reduce((sum, count) => sum + count, 0)).toBe(counts[503]);
});

test("the breaker ejects the broken replica only", async () => {
  await change(
    fleet,
    bob({
      perCaller: {
        outlierDetection: { consecutive5xxErrors: 3, interval: "1s", baseEjectionTime: "30s", maxEjectionPercent: 50 },
      },
    }),
  );
  const pods = new Set<string>();
  while (pods.size < 2) pods.add(String((await through(alice, "http://bob.one/echo")).headers["x-pod"]));
  const broken = String((await through(alice, "http://bob.one/toggle")).headers["x-pod"]);
  const replies = [];
  for (let count = 0; count < 40; count++) replies.push(await through(alice, "http://bob.one/echo"));
  const failures = replies.filter(({ status }) => status === 500);
  // The third failure ejects it, a moment later: Envoy's main thread does that.
  expect(failures.length).toBeGreaterThanOrEqual(3);
  expect(failures.length).toBeLessThanOrEqual(6);
  expect(replies.slice(-20).every(({ status, headers }) => status === 200 && headers["x-pod"] !== broken)).toBe(true);
  for (const pod of await readyPods(fleet, "bob")) await askApp(fleet, pod, "toggle?broken=0");
});

test("an instance limit lets through its number on each replica, a cluster limit on all together", async () => {
  await change(
    fleet,
    bob({
      rateLimits: [
        { requests: 5, unit: "minute", scope: "instance", match: { path: "/own*" } },
        { requests: 7, unit: "hour", match: { path: "/all*" } },
      ],
    }),
  );
  const own = await Promise.all(Array.from({ length: 60 }, () => through(alice, "http://bob.one/own")));
  expect(byStatus(own)[429]).toBe(60 - 2 * 5);
  const all = await Promise.all(Array.from({ length: 30 }, () => through(alice, "http://bob.one/all")));
  expect(byStatus(all)[429]).toBe(30 - 7);
});

test("a fault answers in the app's place", async () => {
  await change(fleet, bob({ faults: [{ match: { path: "/broken*" }, percent: 100, abort: { status: 418 } }] }));
  expect((await through(alice, "http://bob.one/broken")).status).toBe(418);
  expect((await through(alice, "http://bob.one/echo")).status).toBe(200);
});

test("an undeclared call answers 502 in the caller's own sidecar", async () => {
  const reply = await through(alice, "http://dave.one/echo");
  expect(reply.status).toBe(502);
  expect(reply.headers["x-pod"]).toBeUndefined();
});

test("a call across segments needs the callee's consent", async () => {
  await change(fleet, bob({}));
  expect((await through(eve, "http://bob.one/echo")).status).not.toBe(200);
  await change(fleet, bob({}, { access: { callers: [{ app: "eve", methods: ["GET"], paths: ["/echo"] }] } }));
  expect((await through(eve, "http://bob.one/echo")).status).toBe(200);
  expect((await through(eve, "http://bob.one/other")).status).toBe(403);
  expect((await through(eve, "http://bob.one/echo", { method: "POST" })).status).toBe(403);
});

test("plain text to a sidecar is refused", async () => {
  const [pod] = await readyPods(fleet, "bob");
  expect(await plain(pod as Pod)).not.toContain("HTTP/1.1 200");
});

test("fetch in an app goes through the sidecar under the same rules, with CONNECT", async () => {
  await change(fleet, bob({ timeout: "300ms" }));
  const [pod] = await readyPods(fleet, "alice");
  const ask = async (url: string) =>
    JSON.parse(await askApp(fleet, pod as Pod, `call?url=${encodeURIComponent(url)}`)) as {
      status?: number;
      headers?: Record<string, string>;
      error?: string;
    };
  expect(await ask("http://bob.one/echo")).toMatchObject({ status: 200 });
  expect(await ask("http://bob.one/?delay=700")).toMatchObject({ status: 504 });
  expect((await ask("http://dave.one/echo")).status).not.toBe(200);
});
