import { expect, test } from "vitest";
import type { Page } from "./counters.ts";
import { ProxyHistory } from "./proxy-history.ts";

const page = (count: number): Page => ({
  counters: new Map([["c", { "code:200": count }]]),
  gauges: new Map([["idle", { active: 0, connectionsActive: 0, healthyHosts: 1, hosts: 1 }]]),
});

test("rates are of the time that was looked at, by the share of each step", () => {
  const history = new ProxyHistory(60_000);
  history.add(0, page(1000));
  expect(history.perSecond(0, 10_000)).toBeUndefined();
  history.add(10_000, page(1100));
  history.add(20_000, page(1400));
  expect(history.perSecond(0, 20_000)!.get("c")).toEqual({ "code:200": 20 });
  expect(history.perSecond(5_000, 15_000)!.get("c")).toEqual({ "code:200": 20 });
  expect(history.perSecond(10_000, 60_000)!.get("c")).toEqual({ "code:200": 30 });
  expect(history.perSecond(20_000, 30_000)).toBeUndefined();
  expect(history.names()).toEqual(["c", "idle"]);
});

test("is bounded in time and in steps", () => {
  const history = new ProxyHistory(1_000_000);
  for (let index = 0; index <= 1000; index++) history.add(index * 100, page(index));
  expect(history.perSecond(0, 60_000)).toBeUndefined();
  expect(history.perSecond(90_000, 100_000)!.get("c")!["code:200"]).toBeCloseTo(10);
  const short = new ProxyHistory(1_000);
  for (let index = 0; index <= 20; index++) short.add(index * 100, page(index));
  expect(short.perSecond(0, 900)).toBeUndefined();
});

test("a proxy that was born under our eyes counts from its birth; one that was there already doesn't", () => {
  const born = new ProxyHistory(60_000);
  born.add(20_000, { ...page(30), uptimeS: 9 });
  expect(born.bornAt).toBe(10_000);
  expect(born.perSecond(0, 20_000)!.get("c")).toEqual({ "code:200": 3 });
  const old = new ProxyHistory(60_000);
  old.add(20_000, { ...page(30), uptimeS: 3_000 });
  expect(old.bornAt).toBeUndefined();
  expect(old.perSecond(0, 20_000)).toBeUndefined();
});

test("a restart counts from zero, even when the counter is higher by now", () => {
  const history = new ProxyHistory(60_000);
  history.add(0, { ...page(100), uptimeS: 500 });
  history.add(10_000, { ...page(130), uptimeS: 5 });
  expect(history.perSecond(0, 10_000)!.get("c")).toEqual({ "code:200": 13 });
});

test("covers what was read closely enough", () => {
  const history = new ProxyHistory(60_000);
  for (const at of [0, 5_000, 10_000, 30_000]) history.add(at, page(at));
  expect(history.covers(1_000, 9_000, 5_000)).toBe(true);
  expect(history.covers(-1_000, 9_000, 5_000)).toBe(false);
  expect(history.covers(5_000, 15_000, 5_000)).toBe(false);
  expect(history.covers(5_000, 15_000, 20_000)).toBe(true);
  expect(history.covers(20_000, 31_000, 20_000)).toBe(false);
});

test("knows its callees", () => {
  const history = new ProxyHistory(1_000);
  expect(history.callees.size).toBe(0);
  history.add(0, {
    counters: new Map([
      ["outbound|80|r1|catalog.food.svc.cluster.local", {}],
      ["inbound|8080", {}],
    ]),
    gauges: new Map(),
  });
  expect([...history.callees]).toEqual(["catalog"]);
});
