import { afterAll, beforeAll, expect, test } from "vitest";
import type { Explanation } from "../../src/mesh/explain/explanation.ts";
import type { Pod } from "../../src/objects/core.ts";
import { change, deployProbe, ground, probeApp, type ProbeApp } from "../harness/apps.ts";
import { TestFleet } from "../harness/fleet.ts";
import { readyPods, sidecarOf, through } from "../harness/traffic.ts";

/** For the cases of traffic.spec.ts: `explain` names the rule that decides, and real traffic agrees. */
let fleet: TestFleet;
let alice: string;
let carol: string;
let eve: string;

const calls = (more: Record<string, unknown> = {}) => ({ calls: [{ app: "bob", ...more }] });
const bob = (traffic: Record<string, unknown>, more: Record<string, unknown> = {}): ProbeApp => ({
  name: "bob",
  replicas: 2,
  spec: { traffic, ...more },
});

async function explain(
  from: string,
  url: string,
  state: Record<string, string> = {},
  method = "GET",
): Promise<Explanation> {
  const { body } = await fleet.client.call<Explanation>("POST", "/api/v1/explain", {
    body: { from, url, method, state },
  });
  expect(body.unknown).toEqual([]);
  return body;
}

beforeAll(async () => {
  fleet = await TestFleet.start();
  await fleet.apply(ground);
  await fleet.apply(
    [
      probeApp({ name: "alice", spec: calls() }),
      probeApp({
        name: "carol",
        spec: calls({ timeout: "3s", retries: { attempts: 2, perTryTimeout: "1s", retryOn: ["5xx"] } }),
      }),
      probeApp({ name: "eve", segment: "two", spec: calls() }),
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

test("a declared call: every step is named", async () => {
  const { outcome, steps } = await explain("alice", "http://bob.one/echo");
  expect(outcome).toMatchObject({ status: 200, by: "the app of bob.one" });
  expect(steps.map(({ proxy, what, object }) => [proxy, what, object ?? ""].join(" ").trim())).toEqual([
    "alice.one listener",
    "alice.one route VirtualService/one/bob",
    "alice.one cluster DestinationRule/one/bob",
    "bob.one listener",
    "bob.one route",
    "bob.one authorization AuthorizationPolicy/one/bob",
    "bob.one cluster",
    "bob.one app",
  ]);
});

test("the timeout, and a caller's own", async () => {
  await change(fleet, bob({ timeout: "300ms" }));
  expect((await explain("alice", "http://bob.one/", { delay: "700ms" })).outcome).toMatchObject({
    status: 504,
    flag: "UT",
    by: "alice.one",
    rule: "route default",
    object: "VirtualService/one/bob",
    reason:
      "504: alice.one waits 300 ms for bob.one (VirtualService bob.one, route default); the app was said to take 700 ms",
  });
  expect((await through(alice, "http://bob.one/?delay=700")).status).toBe(504);
  const { outcome, steps } = await explain("carol", "http://bob.one/", { delay: "700ms" });
  expect(outcome).toMatchObject({ status: 200, by: "the app of bob.one" });
  expect(steps.find(({ what }) => what === "route")).toMatchObject({
    rule: "route caller-carol",
    object: "VirtualService/one/bob",
  });
  expect((await through(carol, "http://bob.one/?delay=700")).status).toBe(200);
  const connect = await explain("alice", "http://bob.one/", { delay: "700ms", via: "connect" });
  expect(connect.outcome).toMatchObject({ status: 504, rule: "route default" });
});

test("the retries of the caller that asked for them", async () => {
  const { outcome, steps } = await explain("carol", "http://bob.one/", { status: "503,200" });
  expect(outcome).toMatchObject({ status: 200, by: "the app of bob.one" });
  expect(steps.find(({ what }) => what === "retry")).toMatchObject({
    proxy: "carol.one",
    rule: "5xx",
    object: "VirtualService/one/bob",
    detail: "503 is tried again (1 of 2)",
  });
  expect((await explain("alice", "http://bob.one/", { status: "503,200" })).outcome).toMatchObject({
    status: 503,
    by: "the app of bob.one",
  });
});

test("the caller's pool", async () => {
  await change(fleet, bob({ perCaller: { connectionPool: { maxRequests: 2 } } }));
  expect((await explain("alice", "http://bob.one/", { requests: "2" })).outcome).toMatchObject({
    status: 503,
    flag: "UO",
    by: "alice.one",
    rule: "max_requests",
    object: "DestinationRule/one/bob",
  });
  expect((await explain("alice", "http://bob.one/", { requests: "1" })).outcome.status).toBe(200);
});

test("the inbound pool", async () => {
  await change(fleet, bob({ inbound: { connectionPool: { maxRequests: 1 } } }));
  expect((await explain("alice", "http://bob.one/", { "callee.requests": "1" })).outcome).toMatchObject({
    status: 503,
    flag: "UO",
    by: "bob.one",
    rule: "max_requests",
  });
  expect((await explain("alice", "http://bob.one/")).outcome.status).toBe(200);
});

test("instance and cluster-wide limits", async () => {
  await change(
    fleet,
    bob({
      rateLimits: [
        { requests: 5, unit: "minute", scope: "instance", match: { path: "/own*" } },
        { requests: 7, unit: "hour", match: { path: "/all*" } },
      ],
    }),
  );
  expect((await explain("alice", "http://bob.one/own", { tokens: "0" })).outcome).toMatchObject({
    status: 429,
    flag: "RL",
    by: "bob.one",
    rule: "limit=0",
    reason: "429: bob.one takes 5 requests a minute on each replica (limit=0), and no token is left",
  });
  expect((await explain("alice", "http://bob.one/own")).outcome.status).toBe(200);
  expect((await explain("alice", "http://bob.one/all", { "tokens.1": "0" })).outcome).toMatchObject({
    status: 429,
    flag: "RL",
    by: "bob.one",
    rule: "bob.one limit=1",
  });
  expect((await explain("alice", "http://bob.one/all", { "tokens.1": "0", ratelimit: "down" })).outcome.status).toBe(
    200,
  );
  expect((await explain("alice", "http://bob.one/echo", { tokens: "0" })).outcome.status).toBe(200);
});

test("an undeclared call, in the caller's sidecar and past it", async () => {
  expect((await explain("alice", "http://dave.one/echo")).outcome).toMatchObject({
    status: 502,
    by: "alice.one",
    rule: "route block_all",
  });
  expect((await through(alice, "http://dave.one/echo")).status).toBe(502);
  const { outcome } = await explain("alice", "http://dave.one/echo", { direct: "true" });
  expect(outcome).toMatchObject({ status: 403, by: "dave.one", rule: "no rule matches" });
  expect(outcome.reason).toContain("spiffe://quipu.local/ns/one/sa/alice");
  const [pod] = await readyPods(fleet, "dave");
  expect(
    (await explain("alice", "http://dave.one/echo", { direct: `${(pod as Pod).status!.podIP!}:8080` })).outcome.status,
  ).toBe(403);
});

test("a call across segments, without the callee's consent and with it", async () => {
  await change(fleet, bob({}));
  const without = await explain("eve", "http://bob.one/echo");
  expect(without.outcome.status).toBe((await through(eve, "http://bob.one/echo")).status);
  expect(without.outcome).toMatchObject({ status: 502, by: "eve.two", rule: "route block_all" });
  await change(fleet, bob({}, { access: { callers: [{ app: "eve", methods: ["GET"], paths: ["/echo"] }] } }));
  const { outcome, steps } = await explain("eve", "http://bob.one/echo");
  expect(outcome.status).toBe(200);
  expect(steps.find(({ what }) => what === "authorization")).toMatchObject({
    proxy: "bob.one",
    object: "AuthorizationPolicy/one/bob",
  });
  expect((await explain("eve", "http://bob.one/other")).outcome).toMatchObject({
    status: 403,
    by: "bob.one",
    rule: "no rule matches",
  });
  expect((await explain("eve", "http://bob.one/echo", {}, "POST")).outcome.status).toBe(403);
});

test("the command tells it to people and to programs; what can't be asked is told", async () => {
  const { code, stdout } = await fleet.cli("explain", "alice", "http://dave.one/echo");
  expect(code).toBe(0);
  expect(stdout).toMatch(/^✖ 502: dave\.one isn't among what alice\.one may call/);
  const { stdout: json } = await fleet.cli(
    "explain",
    "alice",
    "http://bob.one/",
    "-H",
    "x-user: ana",
    "--state",
    "status=418",
    "-o",
    "json",
  );
  expect((JSON.parse(json) as Explanation).outcome).toMatchObject({ status: 418, by: "the app of bob.one" });
  expect(await fleet.cli("explain", "nobody", "http://bob.one/")).toMatchObject({ code: 3 });
  expect(await fleet.cli("explain", "alice", "http://bob.one/", "--state", "statsu=200")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("state.statsu") as string,
  });
  await expect(
    fleet.client.call("POST", "/api/v1/explain", { body: { from: "alice", url: "ftp://bob.one/" } }),
  ).rejects.toMatchObject({ problem: { code: "bad-format", field: "url" } });
});
