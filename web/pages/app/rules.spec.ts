import { expect, test } from "vitest";
import type { TrafficRules } from "../../api/views.ts";
import { ruleInWords, rulesInWords, sameRules } from "./rules.ts";

const traffic: TrafficRules = {
  timeoutMs: 1000,
  grpcTimeoutMs: 0,
  retries: {
    attempts: 2,
    perTryTimeoutMs: 0,
    retryOn: ["connect-failure", "refused-stream", "unavailable", "cancelled", "retriable-status-codes"],
    budgetPercent: 20,
  },
  perCaller: {
    connectionPool: {
      maxConnections: 100,
      maxPendingRequests: 50,
      maxRequests: 200,
      maxRequestsPerConnection: 0,
      idleTimeoutMs: 3_600_000,
      connectTimeoutMs: 1000,
    },
    outlierDetection: { consecutive5xxErrors: 5, intervalMs: 10_000, baseEjectionMs: 30_000, maxEjectionPercent: 50 },
    loadBalancing: { policy: "leastRequest", warmupMs: 0 },
  },
  inbound: { connectionPool: {} },
  rateLimits: [],
  faults: [],
};
const said = (
  change: Partial<TrafficRules>,
  title: string,
  calls = {},
  speaks: ("http" | "grpc" | "tcp")[] = ["http"],
) => rulesInWords({ ...traffic, ...change }, calls, speaks).find((group) => group.title === title)?.rules;

test("an app with nothing but defaults and a timeout", () => {
  expect(rulesInWords(traffic, {}, ["http"])).toEqual([
    {
      title: "Time",
      rules: [
        "Answers within 1 s, or the caller gets 504.",
        "A caller connects within 1 s, or the attempt has failed.",
      ],
    },
    {
      title: "Trying again",
      rules: [
        "A request is tried again up to 2 times after a failed connection, a refused stream, UNAVAILABLE or CANCELLED.",
        "At most 20 % of a caller’s requests may be further tries.",
      ],
    },
    {
      title: "How much at once",
      rules: [
        "At most 200 requests at once from each caller; 50 more may wait for a connection. Beyond that: 503.",
        "At most 100 connections from each caller.",
      ],
    },
    {
      title: "Failing replicas",
      rules: [
        "After 5 errors in a row a caller leaves a replica out for 30 s, longer each time; never more than 50 % of them.",
      ],
    },
    { title: "Which replica", rules: ["The replica with the fewest requests under way is preferred."] },
  ]);
});

test("protocols have rules of their own", () => {
  expect(said({}, "Time", {}, ["grpc"])![0]).toBe("A gRPC call may last as long as it likes: no timeout.");
  expect(said({ grpcTimeoutMs: 500 }, "Time", {}, ["grpc"])![0]).toBe("A gRPC call ends within 500 ms, or fails.");
  expect(rulesInWords(traffic, {}, ["tcp"]).map(({ title }) => title)).toEqual([
    "Time",
    "How much at once",
    "Failing replicas",
    "Which replica",
  ]);
  expect(said({}, "Time", {}, ["tcp"])).toEqual([
    "A caller connects within 1 s, or the attempt has failed.",
    "A connection without traffic is closed after 1 h.",
  ]);
  expect(said({ timeoutMs: 0 }, "Time")![0]).toBe("May take as long as it likes: no timeout.");
});

test("retries", () => {
  expect(said({ retries: { ...traffic.retries, attempts: 0 } }, "Trying again")).toEqual([
    "A failed request is not tried again.",
  ]);
  expect(
    said(
      {
        retries: {
          attempts: 1,
          perTryTimeoutMs: 350,
          retryOn: ["5xx", "retriable-status-codes", "425"],
          budgetPercent: 10,
        },
      },
      "Trying again",
    )![0],
  ).toBe("A request is tried again up to once, each try for 350 ms, after any failure (5xx) or 425.");
});

test("limits of each replica", () => {
  expect(
    said(
      { inbound: { connectionPool: { maxRequests: 500, maxPendingRequests: 100, maxConnections: 1000 } } },
      "How much at once",
    )!.slice(2),
  ).toEqual([
    "Each replica takes at most 500 requests at once, whoever calls; 100 more may wait. Beyond that: 503.",
    "Each replica’s proxy opens at most 1,000 connections to it.",
  ]);
});

test("rate limits, by whom they are shared", () => {
  const limit = { requests: 20, unit: "second", scope: "cluster", failOpen: true } as const;
  expect(
    said(
      {
        rateLimits: [
          limit,
          { ...limit, scope: "instance", per: { header: "x-user-id" }, match: { method: "POST", path: "/pay*" } },
          { ...limit, scope: "fleet", failOpen: false },
        ],
      },
      "How often",
    ),
  ).toEqual([
    "20 requests a second, all replicas in a cluster together; then 429.",
    "20 requests a second for each value of x-user-id with POST to /pay*, each replica by itself; then 429.",
    "20 requests a second, the whole fleet together; then 429. When the limit can’t be asked: refused.",
  ]);
});

test("breaker off, hashing, warm-up, faults", () => {
  const { perCaller } = traffic;
  expect(
    said(
      { perCaller: { ...perCaller, outlierDetection: { ...perCaller.outlierDetection, consecutive5xxErrors: 0 } } },
      "Failing replicas",
    ),
  ).toEqual(["A failing replica stays in use."]);
  expect(
    said(
      {
        perCaller: {
          ...perCaller,
          loadBalancing: { policy: "consistentHash", hash: { header: "x-user-id" }, warmupMs: 30_000 },
        },
      },
      "Which replica",
    ),
  ).toEqual(["The same value of x-user-id always reaches the same replica.", "A new replica’s share grows over 30 s."]);
  expect(
    said(
      { faults: [{ percent: 10, delayMs: 2000, abort: { status: 503 }, match: { headers: { "x-test": "1" } } }] },
      "Failures on purpose",
    ),
  ).toEqual(["10 % of the requests with x-test: 1 wait 2 s and get 503."]);
});

test("what differs for its own calls", () => {
  expect(
    said({}, "When it calls others", {
      payments: { timeoutMs: 2000, retries: { attempts: 0 }, match: { methods: ["POST"], paths: ["/charge"] } },
      catalog: { retries: { attempts: 3, perTryTimeoutMs: 100 } },
    }),
  ).toEqual([
    "Waits at most 2 s for payments (POST /charge).",
    "Never tries a call to payments (POST /charge) again.",
    "Tries a call to catalog again up to 3 times.",
    "Gives each try to catalog 100 ms.",
  ]);
  expect([ruleInWords({}), ruleInWords({ methods: ["GET"] }), ruleInWords({ paths: ["/a", "/b*"] })]).toEqual([
    "every request",
    "GET",
    "/a, /b*",
  ]);
});

test("callers with limits of their own are named", () => {
  const callers = {
    search: { timeoutMs: 800 },
    orders: { timeoutMs: 0, retries: { attempts: 0 }, match: { methods: ["POST"] } },
    ads: { retries: { attempts: 1, perTryTimeoutMs: 250 } },
    quiet: { retries: { retryOn: ["5xx"] } },
  };
  expect(
    rulesInWords(traffic, {}, ["http"], callers).find(({ title }) => title === "Not for everybody")?.rules,
  ).toEqual([
    "search brings its own: 800 ms in all.",
    "orders (POST) brings its own: any time and no retry.",
    "ads brings its own: 1 retry and 250 ms for each try.",
  ]);
});

test("clusters with the same rules stand together", () => {
  const other = { ...traffic, timeoutMs: 2000 };
  expect(
    sameRules([
      { cluster: "a", traffic, calls: {}, callers: {} },
      { cluster: "b", traffic: other, calls: {}, callers: {} },
      { cluster: "c", traffic: { ...traffic }, calls: {}, callers: {} },
    ]).map(({ clusters }) => clusters),
  ).toEqual([["a", "c"], ["b"]]);
});
