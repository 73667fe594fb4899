import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { byStatus } from "../harness/traffic.ts";
import { callGrpc } from "./support/grpc-call.ts";
import { one, startIstioApps, type IstioApps } from "./support/istio-apps.ts";

/** What docs/istio.md says is otherwise than on our own mesh is so. The other side is in test/e2e. */
let apps: IstioApps;
beforeAll(async () => {
  apps = await startIstioApps();
});
afterAll(async () => {
  await apps?.stop();
});

/** The line with which an answer begins to a text that alice's app sends to bob; empty: the connection is closed without one. */
async function answerTo(text: string): Promise<string> {
  const socket = await apps.alice.connect(`bob.${one}`, 80);
  return new Promise((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      resolve(chunk.toString().split("\r\n")[0]!);
      socket.destroy();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(""));
    socket.write(text);
  });
}

test("CONNECT isn't passed", async () => {
  const host = `bob.${one}:80`;
  expect(await answerTo(`GET /echo HTTP/1.1\r\nhost: ${host}\r\n\r\n`)).toBe("HTTP/1.1 200 OK");
  expect(await answerTo(`CONNECT ${host} HTTP/1.1\r\nhost: ${host}\r\n\r\n`)).toBe("HTTP/1.1 404 Not Found");
});

test("HTTP/1.0 isn't served", async () => {
  expect(await answerTo(`GET /echo HTTP/1.0\r\nhost: bob.${one}\r\n\r\n`)).toBe("");
});

test("an app that may call nobody at a port gets no answer there, rather than 502", async () => {
  await expect(apps.eve.call(`http://bob.${one}/echo`)).rejects.toThrow(/socket hang up|ECONNRESET|EPIPE/);
  // One callee at this port is enough for an answer.
  expect((await apps.carol.call(`http://dave.${one}/echo`)).status).toBe(502);
});

test("a declared timeout ends a gRPC call with UNAVAILABLE or, when the callee's sidecar is first, DEADLINE_EXCEEDED", async () => {
  const greeter = await apps.alice.port(`greeter.${one}`, 50051);
  await apps.declare({ greeter: { timeout: "300ms" } });
  await apps.alice.has(/"timeout": "0.300s"/);
  const seen = new Set<number>();
  while (!seen.has(status.DEADLINE_EXCEEDED))
    for (const { code } of await Promise.all(Array.from({ length: 10 }, () => callGrpc(greeter, { delay: 2000 })))) {
      expect(code).toBeOneOf([status.UNAVAILABLE, status.DEADLINE_EXCEEDED]);
      seen.add(code);
    }
});

test("each request at a time takes a connection, so that few connections are few requests, unless HTTP/2 is asked for", async () => {
  const bob = { perCaller: { connectionPool: { maxConnections: 1, maxPendingRequests: 1 } } };
  const toBobs = "outbound|80|r1|bob.";
  const call = (path = "/echo") => apps.alice.call(`http://bob.${one}${path}`);
  const tenAtATime = async () => {
    const pods = new Set<unknown>();
    while (pods.size < 2) pods.add((await call()).headers["x-pod"]);
    return byStatus(await Promise.all(Array.from({ length: 10 }, () => call("/?delay=500"))));
  };
  await apps.declare({ bob });
  await apps.alice.has(/"max_connections": 1\b/, toBobs);
  // Each replica may have one, whatever the limit, and one request waits.
  expect(await tenAtATime()).toEqual({ 200: 3, 503: 7 });

  const patch = { spec: { trafficPolicy: { connectionPool: { http: { h2UpgradePolicy: "UPGRADE" } } } } };
  await apps.declare({ bob, bobMore: { overlay: [{ kind: "DestinationRule", name: "bob", patch }] } });
  await apps.alice.has(/http2_protocol_options/, toBobs);
  expect(await tenAtATime()).toEqual({ 200: 10 });
});
