import { expect, test } from "vitest";
import { allFigures, appSignals, clusterSignals } from "./app-signals.ts";
import { noGauges, type Counters } from "./counters.ts";
import type { ProxyTarget, WatchedProxy } from "./proxy.ts";
import { ProxyHistory } from "./proxy-history.ts";

const moment = { now: 60_000, windowMs: 60_000, points: 6, stepMs: 10_000 };
const to = (app: string, segment: string, revision = "", port = 80) =>
  `outbound|${port}|${revision}|${app}.${segment}.svc.cluster.local`;

function proxy(target: Partial<ProxyTarget>, counts: Record<string, Counters>, from = 0): WatchedProxy {
  const history = new ProxyHistory(600_000);
  const gauges = new Map(Object.keys(counts).map((name) => [name, { ...noGauges, active: 1 }]));
  history.add(from, { counters: new Map(), gauges });
  history.add(60_000, { counters: new Map(Object.entries(counts)), gauges });
  return {
    target: {
      cluster: "bogota",
      namespace: "food",
      pod: "p",
      app: "catalog",
      revision: "r1",
      gateway: false,
      ...target,
    },
    history,
  };
}

const proxies = [
  proxy({ pod: "catalog-1" }, { "inbound|8080": { "code:2xx": 540, "le:5:10": 540 } }),
  proxy({ pod: "catalog-2", cluster: "lima" }, { "inbound|8080": { "code:2xx": 60, "le:5:10": 60 } }),
  proxy(
    { pod: "search-1", namespace: "shop", app: "search" },
    {
      [to("catalog", "food", "r1")]: { "code:200": 300, "le:5:10": 300 },
      [to("catalog", "food", "r2")]: { "code:504": 60, timeout: 60 },
      [to("pricing", "food")]: { "code:200": 120 },
    },
  ),
  proxy(
    { pod: "gw", namespace: "istio-system", app: "istio-ingressgateway", revision: null, gateway: true },
    { [to("catalog", "food", "r1")]: { "code:200": 240 } },
    30_000,
  ),
  proxy(
    { pod: "ads-1", namespace: "shop", app: "ads" },
    { [to("catalog", "food")]: {}, "outbound|443||api.example.com": { "code:200": 6 } },
  ),
];

test("an app as its callers saw it, who also see what it didn't answer", () => {
  const signals = appSignals("catalog", proxies, moment);
  expect(signals).toMatchObject({
    seenBy: "callers",
    proxies: { heard: 5, total: 5 },
    total: { rate: 14, timeouts: 1 },
    own: { rate: 10, errors: 0 },
  });
  expect(signals.total.errors).toBeCloseTo(100 / 14);
  expect(signals.callers.map(({ app, gateway, rate }) => ({ app, gateway, rate }))).toEqual([
    { app: "ads", gateway: false, rate: 0 },
    { app: "istio-ingressgateway", gateway: true, rate: 8 },
    { app: "search", gateway: false, rate: 6 },
  ]);
  expect(signals.revisions.map(({ revision, rate, errors }) => ({ revision, rate, errors }))).toEqual([
    { revision: "r1", rate: 13, errors: 0 },
    { revision: "r2", rate: 1, errors: 100 },
  ]);
  expect(signals.series.rate).toEqual([6, 6, 6, 14, 14, 14]);
  expect(signals.series.from).toBe(0);
});

test("an app that nobody calls, as it saw itself", () => {
  const signals = appSignals("catalog", proxies.slice(0, 2), moment);
  expect(signals).toMatchObject({
    seenBy: "itself",
    total: { rate: 10 },
    callers: [],
    clusters: [
      { cluster: "bogota", rate: 9 },
      { cluster: "lima", rate: 1 },
    ],
  });
});

test("whom an app calls, in the fleet and outside", () => {
  expect(
    appSignals("search", proxies, moment).callees.map(({ app, rate, outside }) => ({ app, rate, outside })),
  ).toEqual([
    { app: "catalog", rate: 6, outside: false },
    { app: "pricing", rate: 2, outside: false },
  ]);
  expect(appSignals("ads", proxies, moment).callees.map(({ app, outside }) => ({ app, outside }))).toEqual([
    { app: "api.example.com", outside: true },
    { app: "catalog", outside: false },
  ]);
});

test("an app that nobody has heard of", () => {
  expect(appSignals("ghost", proxies, moment)).toMatchObject({
    seenBy: "itself",
    proxies: { heard: 0, total: 0 },
    total: { rate: 0, errors: null },
    callers: [],
    series: { rate: [null, null, null, null, null, null] },
  });
});

test("a cluster: what arrived there", () => {
  expect(clusterSignals("lima", proxies, moment)).toMatchObject({
    total: { rate: 1 },
    apps: [{ app: "catalog", rate: 1 }],
    proxies: { heard: 1, total: 1 },
  });
});

test("figures of every app", () => {
  expect(allFigures(proxies, moment)).toEqual({
    catalog: { rate: 14, errors: expect.closeTo(100 / 14) as number, p99: expect.closeTo(9.95) as number },
    pricing: { rate: 2, errors: 0, p99: null },
  });
});

test("what a revision that is gone answered stays in the figures and on the chart", () => {
  const name = to("catalog", "food", "r2");
  const history = new ProxyHistory(600_000);
  const page = (counters: Record<string, Counters>) => ({
    counters: new Map(Object.entries(counters)),
    gauges: new Map([[to("catalog", "food", "r1"), noGauges]]),
  });
  history.add(0, page({ [name]: {} }));
  history.add(30_000, page({ [name]: { "code:500": 30 } }));
  history.add(60_000, page({ [to("catalog", "food", "r1")]: { "code:200": 30 } }));
  const search = proxy({ pod: "search-1", namespace: "shop", app: "search" }, {});
  const signals = appSignals("catalog", [{ ...search, history }], moment);
  expect(signals.series.errors).toEqual([100, 100, 100, 0, 0, 0]);
  expect(signals.total).toMatchObject({ errors: 50 });
});
