import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deployFixture, deployProbe, ground, probeApp } from "../harness/apps.ts";
import { TestFleet } from "../harness/fleet.ts";
import { fixtureApp, inApp } from "../harness/in-app.ts";

/** curl as an app uses it, with the rules in force: it reads `http_proxy` by itself (absolute form), and `-p` makes a tunnel. */
let fleet: TestFleet;
const clients = ["curl", "curl-connect", "curl-h2c"];
const limits = clients.map((client) => ({
  requests: 2,
  unit: "hour",
  scope: "instance",
  match: { path: `/limited/${client}` },
}));

beforeAll(async () => {
  const found = spawnSync("curl", ["--version"], { encoding: "utf8" });
  if (found.status !== 0)
    throw new Error(`curl doesn't start: ${found.error?.message ?? found.stderr}. Put one on the PATH`);
  fleet = await TestFleet.start();
  await fleet.apply(ground);
  await fleet.apply(
    [
      fixtureApp({ name: "alice", spec: { calls: [{ app: "bob", methods: ["GET"] }] } }),
      probeApp({ name: "dave" }),
      probeApp({ name: "bob", spec: { traffic: { timeout: "400ms", rateLimits: limits } } }),
    ].join("---\n"),
  );
  await deployProbe(fleet, "bob", "dave");
  await deployFixture(fleet, "clients", "alice");
});
afterAll(async () => {
  await fleet?.stop();
});

test.each(clients)("%s", async (client) => {
  const ask = (path: string, method = "GET") => inApp(fleet, "alice", { client, method, url: `http://bob.one${path}` });
  const reply = await ask("/echo");
  expect(reply.status).toBe(200);
  expect(reply.body).toContain("URI=spiffe://quipu.local/ns/one/sa/alice");
  expect((await ask("/?delay=1000")).status).toBe(504);
  const statuses = [];
  for (let count = 0; count < 3; count++) statuses.push((await ask(`/limited/${client}`)).status);
  expect(statuses).toEqual([200, 200, 429]);
  expect((await ask("/echo", "PUT")).status).toBe(403);
  const undeclared = await inApp(fleet, "alice", { client, url: "http://dave.one/echo" });
  // No tunnel is made to whom the app doesn't know: curl ends with an error that names the proxy's answer.
  if (client === "curl") expect(undeclared.status).toBe(502);
  else expect(undeclared.error).toMatch(/CONNECT tunnel failed, response 502|Received HTTP code 502 from proxy/);
});
