import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { difference } from "./counters.ts";
import { readPage } from "./envoy-page.ts";

/** Pages that an Envoy 1.40 gave with our statistics, around 23 requests: 8 + 2 good, 2 × 500, a timeout, 2 × nobody there, a 429, and 6 at once into a pool of 2. */
const page = (name: string) => readPage(readFileSync(new URL(`pages/${name}.txt`, import.meta.url), "utf8"));
const r3 = "outbound|80|r3|catalog.food.svc.cluster.local";

test("what was added between two pages", () => {
  const added = difference(page("first"), page("second"));
  expect(added.get(r3)).toMatchObject({ "code:200": 12, "code:429": 1, "code:500": 2, "code:503": 4, overflow: 4 });
  expect(added.get("outbound|80|r4|catalog.food.svc.cluster.local")).toMatchObject({ "code:504": 1, timeout: 1 });
  expect(added.get("outbound|80|r5|catalog.food.svc.cluster.local")).toMatchObject({ "code:503": 2, connectFail: 2 });
  expect(added.get("inbound|8080")).toMatchObject({ "code:2xx": 12, "code:4xx": 1, "code:5xx": 2 });
  expect(added.has("outbound|7000||tracking.logistics.svc.cluster.local")).toBe(false);
});

test("buckets have counts of their own, which make up all that were timed", () => {
  const timed = Object.entries(page("first").counters.get(r3)!)
    .filter(([key]) => key.startsWith("le:"))
    .map(([, count]) => count);
  expect(timed.every((count) => count > 0)).toBe(true);
  expect(timed.reduce((sum, count) => sum + count)).toBe(15);
});

test("gauges, of idle clusters too", () => {
  const { gauges } = page("first");
  expect(gauges.get("outbound|7000||tracking.logistics.svc.cluster.local")).toEqual({
    active: 0,
    connectionsActive: 0,
    healthyHosts: 1,
    hosts: 1,
  });
  expect(gauges.get(r3)!.connectionsActive).toBeGreaterThan(0);
});

test("a proxy that began anew counts from zero", () => {
  const before = { counters: new Map([["c", { "code:200": 100, timeout: 1 }]]), gauges: new Map() };
  const after = { counters: new Map([["c", { "code:200": 4, timeout: 1 }]]), gauges: new Map() };
  expect(difference(before, after)).toEqual(new Map([["c", { "code:200": 4 }]]));
});

test("what Envoy counts again by zone is left out; a host with such a name isn't", () => {
  const line = (name: string, count: number) =>
    `envoy_cluster_upstream_rq{envoy_response_code="200",envoy_cluster_name="${name}"} ${count}`;
  const { counters } = readPage(
    [line(`${r3}.zone.co-a.co-a`, 33), line(r3, 33), line("outbound|443||api.zone.example.com", 4)].join("\n"),
  );
  expect([...counters]).toEqual([
    [r3, { "code:200": 33 }],
    ["outbound|443||api.zone.example.com", { "code:200": 4 }],
  ]);
});

test("what a callee's proxy answered by itself", () => {
  const { counters, uptimeS } = page("callee");
  expect(counters.get("inbound|8080")).toMatchObject({ denied: 26 + 11 });
  expect(counters.get("inbound|*")).toEqual({ denied: 35 });
  expect(uptimeS).toBeGreaterThan(0);
});

test("tries that were tried again are no calls of their own; what found no cluster is told", () => {
  const { counters } = page("caller");
  const bob = counters.get("outbound|80|r1|bob.one.svc.cluster.local")!;
  expect(bob).toMatchObject({ "retried:500": 2 });
  expect([...counters.keys()].filter((name) => name.endsWith(".retry"))).toEqual([]);
  const final = Object.entries(bob).reduce((sum, [key, count]) => (key.startsWith("code:5") ? sum + count : sum), 0);
  expect(counters.get("unrouted")!["managed:5xx"]).toBeGreaterThan(final);
});
