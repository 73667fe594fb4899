import { afterAll, beforeAll, expect, test } from "vitest";
import type { ClusterBehaviour } from "../../src/api/behaviour-plan.ts";
import { change, deployProbe, ground, probeApp, type ProbeApp } from "../harness/apps.ts";
import { eventually } from "../harness/eventually.ts";
import { TestFleet } from "../harness/fleet.ts";
import { byStatus, sidecarOf, through, type Reply } from "../harness/traffic.ts";

/** What a plan says of requests before anything is released is what real ones meet before it and after. */
let fleet: TestFleet;
let alice: string;

const bob = (traffic: Record<string, unknown> = {}): ProbeApp => ({ name: "bob", spec: { traffic } });
const caller = (call: Record<string, unknown> | undefined): ProbeApp => ({
  name: "alice",
  spec: { calls: call === undefined ? [] : [{ app: "bob", ...call }] },
});

async function planned(app: ProbeApp): Promise<ClusterBehaviour[]> {
  const { body } = await fleet.client.call<{ behaviour: ClusterBehaviour[] }>("POST", `/api/v1/apps/${app.name}/plan`, {
    body: { document: probeApp(app) },
  });
  for (const { unknown } of body.behaviour) expect(unknown).toEqual([]);
  return body.behaviour;
}
const lines = (behaviour: ClusterBehaviour[]) =>
  behaviour.flatMap(({ differences }) =>
    differences.map(
      ({ kind, caller: from, callee, request, before, after }) =>
        `${kind}: ${from} → ${callee}, ${request}: ${before} → ${after}`,
    ),
  );
/** A request as a difference tells it: `POST /items, answered after 650 ms`. */
function send(request: string): Promise<Reply> {
  const [, method, path, ms] = /^([A-Z]+) (\/[^, ]*)(?:, answered after (\d+) ms)?$/.exec(request) ?? [];
  expect(path, request).toBeDefined();
  return through(alice, `http://bob.one${path}${ms === undefined ? "" : `?delay=${ms}`}`, { method: method! });
}
/** Every difference is real: what is said of before is so before the change, what is said of after, after it. */
async function happensAsPlanned(app: ProbeApp): Promise<string[]> {
  const behaviour = await planned(app);
  const differences = behaviour.flatMap((each) => each.differences);
  const happens = (side: "before" | "after") =>
    eventually(async () => {
      for (const difference of differences)
        expect(`${(await send(difference.request)).status}`, difference.request).toBe(difference[side].slice(0, 3));
    });
  await happens("before");
  await change(fleet, app);
  // Envoy serves connections that it already has by the rules of before, until they are drained.
  await happens("after");
  expect(lines(await planned(app))).toEqual([]);
  return lines(behaviour);
}

beforeAll(async () => {
  fleet = await TestFleet.start();
  await fleet.apply(ground);
  await fleet.apply([probeApp(caller({})), probeApp(bob({ timeout: "900ms" }))].join("---\n"));
  await deployProbe(fleet, "bob", "alice");
  alice = await sidecarOf(fleet, "alice");
});
afterAll(async () => {
  await fleet?.stop();
});

test("a changed timeout", async () => {
  expect(await happensAsPlanned(bob({ timeout: "300ms" }))).toEqual([
    "timeout: alice → bob, GET /, answered after 600 ms: 200 → 504 timeout by alice.one, route default of VirtualService/one/bob",
  ]);
});

test("a new revision under the same rules", async () => {
  const behaviour = await planned({ ...bob({ timeout: "300ms" }), env: { COLOUR: "blue" } });
  expect(behaviour).toEqual([{ cluster: "bogota", differences: [], unknown: [] }]);
});

test("a narrowed path rule", async () => {
  expect(await happensAsPlanned(caller({ methods: ["GET"], paths: ["/echo", "/items/*"] }))).toEqual([
    "allowed→denied: alice → bob, GET /: 200 → 403 denied by bob.one, no rule matches",
    "allowed→denied: alice → bob, GET /quipu-undeclared: 200 → 403 denied by bob.one, no rule matches",
    "allowed→denied: alice → bob, POST /echo: 200 → 403 denied by bob.one, no rule matches",
  ]);
});

test("a lower rate limit", async () => {
  const limited = (requests: number) =>
    bob({ timeout: "300ms", rateLimits: [{ requests, unit: "second", scope: "instance", match: { path: "/echo" } }] });
  // A bucket may be filled anew in the middle of a burst.
  const lets = (through: number, of: number) =>
    eventually(
      async () => {
        const replies = await Promise.all(Array.from({ length: of }, () => send("GET /echo")));
        expect(byStatus(replies)).toEqual(through === of ? { 200: of } : { 200: through, 429: of - through });
      },
      50_000,
      1_100,
    );
  await change(fleet, limited(8));
  await lets(8, 9);
  expect(lines(await planned(limited(5)))).toEqual([
    "limit: alice → bob, GET /echo, the 6th in a second at one replica: 200 → 429 rate limit by bob.one, limit=0",
  ]);
  await change(fleet, limited(5));
  await lets(5, 6);
  await change(fleet, bob());
});

test("a removed call", async () => {
  expect(await happensAsPlanned(caller(undefined))).toEqual([
    "allowed→denied: alice → bob, GET /echo: 200 → 502 not in scope by alice.one, route block_all",
    "allowed→denied: alice → bob, GET /items/1: 200 → 502 not in scope by alice.one, route block_all",
    "other: alice → bob, GET /: 403 denied by bob.one, no rule matches → 502 not in scope by alice.one, route block_all",
  ]);
});

test("who has no replica is said to be unknown", async () => {
  await fleet.apply(probeApp({ name: "carol" }));
  const { body } = await fleet.client.call<{ behaviour: ClusterBehaviour[] }>("POST", "/api/v1/apps/carol/plan", {
    body: {
      document: probeApp({ name: "carol", spec: { calls: [{ app: "bob" }] } }),
      image: "registry.example/carol:1",
    },
  });
  expect(body.behaviour.map(({ differences, unknown }) => ({ differences, unknown }))).toEqual([
    {
      differences: [],
      unknown: ["carol → bob: nothing can be told before both have a ready replica in bogota"],
    },
  ]);
});
