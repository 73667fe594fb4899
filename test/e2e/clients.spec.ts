import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { change, deployFixture, ground, probeApp, settled, type ProbeApp } from "../harness/apps.ts";
import { TestFleet } from "../harness/fleet.ts";
import { environmentOf, fixtureApp, inApp, type Told } from "../harness/in-app.ts";
import { readyPods } from "../harness/traffic.ts";

/**
 * The clients that apps have, each run inside an app with the environment of its pod. `alice` (segment one) and `eve`
 * (segment two) call `bob` (HTTP and TCP) and `greeter` (gRPC); nobody declared a call to `dave`.
 */
let fleet: TestFleet;
const calls = [{ app: "bob" }, { app: "greeter" }];
const httpClients = ["fetch", "http", "urllib", "http.client"];
/** One limit for each client, so that none eats the tokens of another. */
const limits = httpClients.map((client) => ({
  requests: 2,
  unit: "hour",
  scope: "instance",
  match: { path: `/limited/${client}` },
}));
const bob: ProbeApp = {
  name: "bob",
  tcp: true,
  spec: {
    access: { callers: [{ app: "eve", methods: ["GET"] }] },
    traffic: {
      timeout: "400ms",
      rateLimits: limits,
      faults: [{ match: { path: "/broken*" }, percent: 100, abort: { status: 418 } }],
    },
  },
};
const greeter = (spec: Record<string, unknown> = {}): ProbeApp => ({
  name: "greeter",
  workload: { ports: [{ name: "grpc", port: 50051 }], probes: {} },
  env: {},
  spec,
});

const http = (client: string, path: string, { method = "GET", app = "alice" } = {}) =>
  inApp(fleet, app, { client, method, url: `http://bob.one${path}` });
const grpc = (call: string, message: object, { app = "alice", deadline = 20_000 } = {}) =>
  inApp(fleet, app, { client: "grpc", target: "greeter.one:50051", call, message: JSON.stringify(message), deadline });
const changeGreeter = async (spec: Record<string, unknown>) => {
  await fleet.apply(fixtureApp(greeter(spec)));
  await settled(fleet, "greeter");
};

beforeAll(async () => {
  fleet = await TestFleet.start();
  await fleet.apply(ground);
  await fleet.apply(
    [
      fixtureApp({ name: "alice", spec: { calls } }),
      fixtureApp({ name: "eve", segment: "two", spec: { calls } }),
      fixtureApp(greeter()),
      probeApp({ name: "dave", tcp: true }),
      probeApp(bob),
    ].join("---\n"),
  );
  await deployFixture(fleet, "probe", "bob", "dave");
  await deployFixture(fleet, "grpc", "greeter");
  await deployFixture(fleet, "clients", "alice", "eve");
});
afterAll(async () => {
  await fleet?.stop();
});

describe.each(httpClients)("HTTP with %s", (client) => {
  test("arrives with the caller's identity, in any declared method", async () => {
    for (const method of ["GET", "PUT"]) {
      const reply = await http(client, "/echo", { method });
      expect(reply).toMatchObject({ status: 200 });
      const { method: seen, headers } = JSON.parse(reply.body as string) as {
        method: string;
        headers: Record<string, string>;
      };
      expect(seen).toBe(method);
      expect(headers["x-forwarded-client-cert"]).toContain("URI=spiffe://quipu.local/ns/one/sa/alice");
    }
  });

  test("meets timeout, fault, limit and authorization", async () => {
    expect(await http(client, "/?delay=1000")).toMatchObject({ status: 504 });
    expect(await http(client, "/broken")).toMatchObject({ status: 418 });
    const statuses = [];
    for (let count = 0; count < 4; count++) statuses.push((await http(client, `/limited/${client}`)).status);
    expect(statuses).toEqual([200, 200, 429, 429]);
    expect(await http(client, "/echo", { app: "eve" })).toMatchObject({ status: 200 });
    expect(await http(client, "/echo", { app: "eve", method: "PUT" })).toMatchObject({ status: 403 });
  });

  test("doesn't reach whom the app has not declared", async () => {
    const told = await inApp(fleet, "alice", { client, url: "http://dave.one/echo" });
    // A client that asks for a tunnel gets no answer of HTTP but a tunnel that isn't made.
    if (told.error === undefined) expect(told.status).toBe(502);
    else expect(told.error).toMatch(/^(fetch failed|Tunnel connection failed: 502|python3: )/);
  });
});

describe("gRPC with grpc-js, through CONNECT", () => {
  test("unary, server streaming and both ways at once", async () => {
    const unary = await grpc("unary", {});
    expect(unary).toMatchObject({ code: 0, messages: [{ pod: expect.stringContaining("greeter") as string }] });
    expect(JSON.stringify(unary.messages)).toContain("URI=spiffe://quipu.local/ns/one/sa/alice");
    expect(await grpc("stream", { count: 4, delay: 50 })).toMatchObject({
      code: 0,
      messages: [0, 1, 2, 3].map((index) => ({ index })),
    });
    expect(await grpc("chat", { lines: ["a", "b", "c"] })).toMatchObject({
      code: 0,
      messages: ["a", "b", "c"].map((heard) => ({ heard })),
    });
  });

  test("a status of the app's own arrives as it is", async () => {
    expect(await grpc("unary", { fail: 9 })).toMatchObject({ status: "FAILED_PRECONDITION", details: "as asked" });
  });

  test("no timeout unless declared; the client's deadline holds; a declared one ends the call", async () => {
    expect(await grpc("unary", { delay: 1000 })).toMatchObject({ code: 0 });
    expect(await grpc("unary", { delay: 2000 }, { deadline: 300 })).toMatchObject({ status: "DEADLINE_EXCEEDED" });
    await changeGreeter({ traffic: { timeout: "300ms" } });
    // Envoy's 504 is UNAVAILABLE in gRPC ("HTTP to gRPC Status Code Mapping"); DEADLINE_EXCEEDED is the client's own word.
    expect(await grpc("unary", { delay: 2000 })).toMatchObject({
      status: "UNAVAILABLE",
      details: "upstream request timeout",
    });
    expect(await grpc("unary", { delay: 10 })).toMatchObject({ code: 0 });
  });

  test("a rate limit answers in gRPC's own terms", async () => {
    await changeGreeter({ traffic: { rateLimits: [{ requests: 2, unit: "hour", scope: "instance" }] } });
    // A connection that was open keeps the filters it began with; Envoy ends it after its next answer.
    await grpc("unary", {});
    const statuses = [];
    for (let count = 0; count < 3; count++) statuses.push((await grpc("unary", {})).status);
    expect(statuses).toEqual(["OK", "OK", "RESOURCE_EXHAUSTED"]);
  });

  test("authorization: PERMISSION_DENIED for a method that the callee's consent leaves out", async () => {
    await changeGreeter({ access: { callers: [{ app: "eve", paths: ["/probe.Probe/Unary"] }] } });
    expect(await grpc("unary", {}, { app: "eve" })).toMatchObject({ code: 0 });
    expect(await grpc("stream", { count: 1 }, { app: "eve" })).toMatchObject({ status: "PERMISSION_DENIED" });
  });
});

describe("plain TCP", () => {
  const say = async (app: string, prefix: string, line = "hello"): Promise<Told> => {
    const env = await environmentOf(fleet, app);
    return inApp(fleet, app, {
      client: "tcp",
      host: env[`${prefix}_SERVICE_HOST`] ?? "",
      port: env[`${prefix}_SERVICE_PORT_TCP`] ?? "",
      line,
    });
  };

  test("a declared callee is at NAME_SERVICE_HOST and its port", async () => {
    const env = await environmentOf(fleet, "alice");
    expect(env).toMatchObject({
      BOB_SERVICE_HOST: expect.stringMatching(/^127\./) as string,
      BOB_SERVICE_PORT_TCP: "7000",
    });
    expect((await say("alice", "BOB")).line).toMatch(/^bob-\S+ hello$/);
  });

  test("an undeclared callee has no address, its sidecar refuses plain text, and no tunnel leads to it", async () => {
    expect(Object.keys(await environmentOf(fleet, "alice")).filter((name) => name.startsWith("DAVE"))).toEqual([]);
    const [dave] = await readyPods(fleet, "dave");
    expect(
      (await inApp(fleet, "alice", { client: "tcp", host: dave?.status?.podIP as string, port: 7000, line: "hello" }))
        .error,
    ).toBeDefined();
    expect((await inApp(fleet, "alice", { client: "http.client", url: "http://dave.one:7000/" })).error).toMatch(
      /Tunnel connection failed: 502/,
    );
  });

  test("consent is asked of identities: one for some methods refuses, a whole one admits, a withdrawn one refuses", async () => {
    const consent = (callers: object[]) => change(fleet, { ...bob, spec: { ...bob.spec, access: { callers } } });
    expect((await say("eve", "BOB")).error).toBeDefined();
    await consent([{ app: "eve" }]);
    expect((await say("eve", "BOB")).line).toMatch(/ hello$/);
    await consent([]);
    expect((await say("eve", "BOB")).error).toBeDefined();
  });
});
