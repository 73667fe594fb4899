import fc from "fast-check";
import { expect, test } from "vitest";
import type { Counters } from "./counters.ts";
import { looks, type EvidenceQuery, type Look } from "./evidence.ts";
import type { ProxyTarget, WatchedProxy } from "./proxy.ts";
import { ProxyHistory } from "./proxy-history.ts";

const to = (app: string, revision = "") => `outbound|80|${revision}|${app}.food.svc.cluster.local`;
const query: EvidenceQuery = {
  app: "catalog",
  cluster: "bogota",
  kind: "workload",
  revision: "r8",
  baseline: "r7",
  from: 0,
  to: 25_000,
  intervalMs: 10_000,
};

type Reading = [at: number, counters: Record<string, Counters>, uptimeS?: number];
function proxy(target: Partial<ProxyTarget>, readings: Reading[], more: Partial<WatchedProxy> = {}): WatchedProxy {
  const history = new ProxyHistory(600_000);
  for (const [at, counters, uptimeS] of readings)
    history.add(at, {
      counters: new Map(Object.entries(counters)),
      gauges: new Map(),
      ...(uptimeS !== undefined && { uptimeS }),
    });
  const base = { cluster: "bogota", namespace: "food", pod: "p", app: "search", revision: "r1", gateway: false };
  return { target: { ...base, ...target }, history, ...more };
}
/** Readings at 0, 5, …, 25 s of counters that grow evenly, so many in each second. */
function even(perSecond: Record<string, Counters>): Reading[] {
  return [0, 5, 10, 15, 20, 25].map((second) => [
    second * 1000,
    Object.fromEntries(
      Object.entries(perSecond).map(([name, counters]) => [
        name,
        Object.fromEntries(Object.entries(counters).map(([key, value]) => [key, value * (second + 1)])),
      ]),
    ),
  ]);
}
const pods = [
  proxy({ app: "catalog", revision: "r8", pod: "r8-1" }, even({ "inbound|8080": { "code:2xx": 9, "code:5xx": 1 } })),
  proxy({ app: "catalog", revision: "r7", pod: "r7-1" }, even({ "inbound|8080": { "code:2xx": 80 } })),
];
const total = (all: readonly Look[], of: "requests" | "failed" = "requests") =>
  all.reduce((sum, { subject }) => sum + subject[of], 0);

test("callers see what the callee doesn't: time-outs and full pools; tries are told once each", () => {
  const search = proxy(
    {},
    even({
      [to("catalog", "r8")]: {
        "code:200": 9,
        "code:503": 1,
        "code:504": 2,
        "retried:503": 1,
        timeout: 2,
        overflow: 1,
        "le:5:10": 9,
      },
      [to("catalog", "r7")]: { "code:200": 80 },
      [to("pricing")]: { "code:500": 99 },
    }),
  );
  const elsewhere = proxy({ cluster: "lima" }, even({ [to("catalog", "r8")]: { "code:500": 70 } }));
  expect(looks([...pods, search, elsewhere], query)).toEqual(
    [0, 10_000].map((from) => ({
      from,
      to: from + 10_000,
      subject: {
        requests: expect.closeTo(130) as number,
        failed: expect.closeTo(40) as number,
        byProxy: expect.closeTo(30) as number,
        latency: [
          { upTo: 5, count: 0 },
          { upTo: 10, count: expect.closeTo(90) as number },
          { upTo: Infinity, count: 0 },
        ],
      },
      baseline: { requests: expect.closeTo(800) as number, failed: 0, byProxy: 0, latency: [] },
      heard: 3,
      total: 3,
    })),
  );
});

test("what the callee's own proxy answered counts as failed", () => {
  const denying = proxy({ app: "catalog", revision: "r8", pod: "r8-1" }, [
    ...even({ "inbound|8080": { "code:2xx": 9, "code:4xx": 3, denied: 2 }, "inbound|*": { denied: 1 } }),
  ]);
  const search = proxy({}, even({ [to("catalog", "r8")]: { "code:200": 9, "code:429": 2, "code:403": 1 } }));
  const [look] = looks([denying, search], query);
  expect(look!.subject).toMatchObject({ requests: 120, failed: 30, byProxy: 30 });
});

test("where nobody calls through a proxy, the callee tells; and where callers told only a part", () => {
  expect(looks(pods, query)[0]!.subject).toMatchObject({ requests: 100, failed: 10 });
  const search = proxy({}, even({ [to("catalog", "r8")]: { "code:200": 2, "code:504": 1, timeout: 1 } }));
  expect(looks([...pods, search], query)[0]!.subject).toMatchObject({ requests: 110, failed: 20, byProxy: 10 });
});

test("a look waits for the last reading, but not for ever", () => {
  const late = proxy({}, even({ [to("catalog", "r8")]: { "code:200": 1 } }).slice(0, 4));
  expect(looks([...pods, late], { ...query, to: 24_000 }).map(({ heard }) => heard)).toEqual([3]);
  expect(looks([...pods, late], { ...query, to: 25_000 }).map(({ heard, total }) => [heard, total])).toEqual([
    [3, 3],
    [2, 3],
  ]);
});

test("who was never read, or too seldom, isn't heard; who can't be concerned isn't asked", () => {
  const never = proxy({ pod: "new" }, []);
  const ages = (proxies: WatchedProxy[], more: Partial<EvidenceQuery> = {}) =>
    looks([...pods, ...proxies], { ...query, ...more }).map(({ heard, total }) => `${heard}/${total}`);
  expect(ages([never])).toEqual(["2/3", "2/3"]);
  expect(ages([{ ...never, seenAt: 12_000 }])).toEqual(["2/2", "2/3"]);
  expect(ages([never], { callers: ["ads"] })).toEqual(["2/2", "2/2"]);
  expect(ages([never], { callers: ["search"] })).toEqual(["2/3", "2/3"]);
  expect(ages([proxy({ app: "ads" }, even({ [to("pricing")]: { "code:200": 1 } }))])).toEqual(["2/2", "2/2"]);
  const seldom: Reading[] = [0, 25_000].map((at) => [at, { [to("catalog", "r8")]: { "code:200": at } }]);
  expect(ages([proxy({}, seldom)])).toEqual(["2/3", "2/3"]);
});

test("a caller that was born meanwhile counts from its first request; one that is gone keeps what it did", () => {
  const born = proxy({ pod: "born" }, [
    [15_000, { [to("catalog", "r8")]: { "code:200": 30 } }, 2],
    [20_000, { [to("catalog", "r8")]: { "code:200": 80 } }, 7],
    [25_000, { [to("catalog", "r8")]: { "code:200": 130 } }, 12],
  ]);
  const gone = proxy({ pod: "gone" }, even({ [to("catalog", "r8")]: { "code:200": 1 } }).slice(0, 3), {
    goneAt: 18_000,
  });
  const all = looks([born, gone], { ...query, baseline: null });
  expect(all.map(({ subject, heard, total: there }) => [Math.round(subject.requests), heard, there])).toEqual([
    [10, 1, 1],
    [80, 1, 1],
  ]);
});

test("traffic: all revisions now, beside the same time before in shares", () => {
  const search = proxy({}, even({ [to("catalog", "r7")]: { "code:200": 9, "code:504": 1, timeout: 1 } }));
  const all = looks([search], { ...query, kind: "traffic", from: 5_000, to: 25_000, before: { from: 0, to: 4_000 } });
  expect(
    all.map(({ subject, baseline }) => [subject, baseline!].map(({ requests, failed }) => [requests, failed])),
  ).toEqual([
    [
      [100, 10],
      [20, 2],
    ],
    [
      [100, 10],
      [20, 2],
    ],
  ]);
});

test("durations come late: those of the first reading after a change of traffic aren't its own", () => {
  const search = proxy({}, even({ [to("catalog", "r7")]: { "code:200": 10, "le:5:10": 10 } }));
  const timed = (kind: "workload" | "traffic") =>
    looks([search], { ...query, kind, revision: "r7", baseline: null, from: 5_000, to: 25_000 }).map(({ subject }) =>
      subject.latency.reduce((sum, { count }) => sum + count, 0),
    );
  expect(timed("traffic")).toEqual([50, 100]);
  expect(timed("workload")).toEqual([100, 100]);
});

test("a workload whose old revision gets nothing any more is compared with what that got before", () => {
  const readings: Reading[] = [0, 5, 10, 15, 20, 25, 30].map((second) => [
    second * 1000,
    {
      [to("catalog", "r7")]: { "code:200": Math.min(second, 10) * 8 + 1 },
      [to("catalog", "r8")]: { "code:200": second },
    },
  ]);
  const [look, second] = looks([proxy({}, readings)], {
    ...query,
    from: 10_000,
    to: 30_000,
    before: { from: 0, to: 10_000 },
  });
  expect([look!.baseline!.requests, second!.baseline!.requests]).toEqual([40, 40]);
});

test("edges: the calls named, refusals, and calls that found no route", () => {
  const caller = proxy(
    { app: "catalog" },
    even({
      [to("pricing", "r1")]: { "code:200": 5, "code:403": 2, "code:503": 1 },
      [to("other", "r1")]: { "code:500": 3 },
      unrouted: { "managed:5xx": 8, noRoute: 1 },
    }),
  );
  const [look] = looks([caller, ...pods], {
    ...query,
    kind: "edges",
    edges: [{ caller: "catalog", callee: "pricing" }],
  });
  // 8 a second with 5xx, of which 4 came from someone who was asked.
  expect(look!.subject).toMatchObject({ requests: 130, failed: 80, byProxy: 70 });
  expect(look).toMatchObject({ baseline: null, heard: 3, total: 3 });
});

/** Growth of one proxy's counter between readings, with restarts: [ms since the last reading, requests, failed, restarted]. */
const life = fc.array(fc.tuple(fc.integer({ min: 100, max: 9_000 }), fc.nat(50), fc.nat(20), fc.boolean()), {
  minLength: 1,
  maxLength: 12,
});
test("whatever proxies live through: nothing is lost, told twice or negative", () => {
  fc.assert(
    fc.property(
      fc.array(life, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1_000, max: 20_000 }),
      (lives, intervalMs) => {
        let end = 0;
        let requests = 0;
        let failed = 0;
        const all = lives.map((steps, index) => {
          let at = 0;
          let good = 1000;
          let bad = 10;
          const readings: Reading[] = [[0, { [to("catalog", "r8")]: { "code:200": good, "code:500": bad } }]];
          for (const [ms, more, worse, restarts] of steps) {
            // No Envoy ends, starts and serves within three seconds.
            const anew = restarts && ms >= 3_000;
            at += ms;
            [good, bad] = anew ? [more, worse] : [good + more, bad + worse];
            requests += more + worse;
            failed += worse;
            const uptimeS = anew ? Math.floor(ms / 1000) - 2 : 100_000;
            readings.push([at, { [to("catalog", "r8")]: { "code:200": good, "code:500": bad } }, uptimeS]);
          }
          end = Math.max(end, at);
          return proxy({ pod: `p${index}` }, readings);
        });
        const until = Math.ceil(end / intervalMs) * intervalMs;
        const told = looks(all, { ...query, to: until + 60_000, intervalMs });
        expect(told.every(({ subject }) => subject.requests >= 0 && subject.failed >= 0)).toBe(true);
        expect(told.every(({ subject }) => subject.failed <= subject.requests)).toBe(true);
        expect(total(told)).toBeCloseTo(requests, 6);
        expect(total(told, "failed")).toBeCloseTo(failed, 6);
      },
    ),
    { numRuns: 200 },
  );
});
