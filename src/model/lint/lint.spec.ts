import { expect, test } from "vitest";
import { parse } from "yaml";
import type { App } from "../app.ts";
import type { Cluster } from "../cluster.ts";
import { lint } from "./lint.ts";
import type { Fleet } from "./subject.ts";

const app = (name: string, spec = "", segment = "shop"): App => ({
  apiVersion: "quipu.dev/v1",
  kind: "App",
  metadata: { name },
  spec: { team: "t", segment, ...(parse(spec) as object) },
});
const cluster = (name: string, capacity?: Cluster["spec"]["capacity"], labels = {}): Cluster => ({
  apiVersion: "quipu.dev/v1",
  kind: "Cluster",
  metadata: { name, labels },
  spec: { region: "co", ...(capacity !== undefined && { capacity }) },
});
const fleet = (apps: App[] = [], clusters: Cluster[] = [cluster("co-1")]): Fleet => ({
  apps: new Map(apps.map((one) => [one.metadata.name, one])),
  segments: new Map(),
  clusters,
  policies: [],
});
const found = (subject: App, others: App[] = [], clusters?: Cluster[]) =>
  lint(subject, fleet(others, clusters)).map(({ code, field, status }) => ({ code, field, status }));
const warning = (code: string, field: string) => ({ code, field, status: 200 });

test("a ten-line App has no warnings", () => {
  expect(found(app("a", "calls: [{ app: b }]"), [app("b")])).toEqual([]);
});

test.each([
  ["traffic: { timeout: 3s, retries: { attempts: 2, perTryTimeout: 1s } }", []],
  [
    "traffic: { timeout: 3s, retries: { attempts: 2, perTryTimeout: 1001ms } }",
    [warning("retries-exceed-timeout", "spec.traffic.retries.perTryTimeout")],
  ],
  ["traffic: { timeout: 0s, retries: { attempts: 2, perTryTimeout: 1h } }", []],
  [
    "calls: [{ app: b, timeout: 1s, retries: { attempts: 1, perTryTimeout: 600ms } }]",
    [warning("retries-exceed-timeout", "spec.calls[0].retries.perTryTimeout")],
  ],
  [
    "traffic: { timeout: 3s, retries: { attempts: 2, perTryTimeout: 1s } }\noverrides: [{ clusters: {}, spec: { traffic: { timeout: 2s } } }]",
    [warning("retries-exceed-timeout", "spec.traffic.retries.perTryTimeout")],
  ],
])("retries that don't fit the timeout: %s", (spec, expected) => {
  expect(found(app("a", spec), [app("b")])).toEqual(expected);
});

test.each([
  ["traffic: { timeout: 2s }\ncalls: [{ app: b }]", [warning("deadline-exceeds-caller", "spec.calls[0].timeout")]],
  ["traffic: { timeout: 2s }\ncalls: [{ app: b, timeout: 2s }]", []],
  [
    "traffic: { timeout: 2s }\ncalls: [{ app: b, timeout: 0s }]",
    [warning("deadline-exceeds-caller", "spec.calls[0].timeout")],
  ],
  ["traffic: { timeout: 0s }\ncalls: [{ app: b }]", []],
  ["traffic: { timeout: 2s }\ncalls: [{ app: db }]", []],
])("a deadline longer than the callers': %s", (spec, expected) => {
  expect(found(app("a", spec), [app("b"), app("db", "workload: { ports: [{ name: tcp, port: 5432 }] }")])).toEqual(
    expected,
  );
});

test("retries multiply along the worst path, and a circle ends", () => {
  const retrying = (name: string, calls: string[]) =>
    app(
      name,
      `traffic: { retries: { attempts: 2, retryOn: [5xx] } }\ncalls: [${calls.map((callee) => `{ app: ${callee} }`).join(", ")}]`,
    );
  const others = [retrying("b", ["d", "c"]), retrying("c", ["b"]), retrying("d", ["e"]), app("e")];
  const problems = lint(app("a", "calls: [{ app: b }]"), fleet(others));
  expect(problems.map(({ code, field }) => [code, field])).toEqual([
    ["retry-amplification", "spec.calls[0].retries.attempts"],
  ]);
  expect(problems[0]!.message).toContain("become 9 at d: a → b → d");
  expect(found(app("a", "calls: [{ app: b, retries: { attempts: 0 } }]"), others)).toEqual([]);
  // The default conditions hold only before the callee has begun.
  expect(
    found(app("a", "calls: [{ app: b }]"), [
      app("b", "calls: [{ app: c }]"),
      app("c", "calls: [{ app: d }]"),
      app("d"),
    ]),
  ).toEqual([]);
});

test.each([
  [
    "traffic: { perCaller: { connectionPool: { maxRequests: 600 } }, inbound: { connectionPool: { maxRequests: 500 } } }",
    [warning("limit-above-pool", "spec.traffic.perCaller.connectionPool.maxRequests")],
  ],
  [
    "traffic: { perCaller: { connectionPool: { maxRequests: 500 } }, inbound: { connectionPool: { maxRequests: 500 } } }",
    [],
  ],
  ["traffic: { inbound: { connectionPool: { maxRequests: 500 } } }", []],
  [
    "traffic: { inbound: { connectionPool: { maxRequests: 50, maxPendingRequests: 10 } }, rateLimits: [{ requests: 61, unit: second, scope: instance }, { requests: 60, unit: second, scope: instance }] }",
    [warning("limit-above-pool", "spec.traffic.rateLimits[0].requests")],
  ],
])("a limit above the pool: %s", (spec, expected) => {
  expect(found(app("a", spec))).toEqual(expected);
});

test("a cluster without room for both revisions at a step", () => {
  const spec =
    "workload: { replicas: { max: 10 }, resources: { requests: { cpu: 500m } } }\nrollout: { steps: [{ weight: 10 }, { weight: 50 }] }";
  expect(found(app("a", spec), [], [cluster("big", { cpu: 8 }), cluster("small", { cpu: 7 })])).toEqual([
    warning("replicas-cannot-carry-step", "spec.rollout.steps[1].weight"),
  ]);
  expect(found(app("a", spec), [], [cluster("few", { pods: 11 })])).toEqual([
    warning("replicas-cannot-carry-step", "spec.rollout.steps[1].weight"),
  ]);
  expect(found(app("a", spec), [], [cluster("enough", { pods: 15 })])).toEqual([]);
  expect(
    found(
      app("a", `${spec}\nplacement: { clusters: { matchLabels: { name: other } } }`),
      [],
      [cluster("few", { pods: 1 })],
    ),
  ).toEqual([]);
});

test("what is exposed without token or certificate", () => {
  expect(found(app("a", "expose: [{ host: a.example }]"))).toEqual([
    warning("exposed-without-authentication", "spec.expose[0].jwt"),
    warning("exposed-without-tls", "spec.expose[0].tls"),
  ]);
  expect(
    found(app("a", "expose: [{ host: a.example, jwt: x }]"), [
      app("b", "expose: [{ host: a.example, path: /b, tls: { secret: s } }]"),
    ]),
  ).toEqual([]);
});

test("consent that nobody uses", () => {
  const callee = (callers: string) => app("pay", `access: { callers: [${callers}] }`, "money");
  const others = [
    app("orders", "calls: [{ app: pay }]"),
    app("fraud"),
    app("ledger", "calls: [{ app: pay }]", "money"),
  ];
  expect(found(callee("{ app: orders }"), others)).toEqual([]);
  expect(found(callee("{ app: fraud }, { app: ledger }, { app: nobody }"), others)).toEqual(
    [0, 1, 2].map((index) => warning("unused-consent", `spec.access.callers[${index}]`)),
  );
});

test("calls that stay closed", () => {
  const problems = lint(
    app("a", "calls: [{ app: catlog }, { app: pay }, { app: open }, { host: api.example.com }]"),
    fleet([app("catalog"), app("pay", "", "money"), app("open", "access: { callers: [{ app: a }] }", "money")]),
  );
  expect(problems.map(({ code, field }) => [code, field])).toEqual([
    ["missing-callee", "spec.calls[0].app"],
    ["missing-consent", "spec.calls[1].app"],
  ]);
  expect(problems[0]!.message).toContain("Did you mean catalog?");
});

test("a rule by method for a TCP app", () => {
  expect(
    found(app("a", "calls: [{ app: db, methods: [GET] }]"), [
      app("db", "workload: { ports: [{ name: tcp, port: 5432 }] }"),
    ]),
  ).toEqual([warning("http-rule-for-tcp", "spec.calls[0].methods")]);
});

test("a path that two apps expose", () => {
  const expose = (path: string) => `expose: [{ host: w.example, path: ${path}, jwt: x, tls: { secret: s } }]`;
  expect(found(app("b", expose("/x")), [app("a", expose("/x"))])).toEqual([
    warning("path-taken", "spec.expose[0].path"),
  ]);
  expect(found(app("b", expose("/x/y")), [app("a", expose("/x"))])).toEqual([]);
});

test.each([
  ["traffic: { timeout: 1s }", "calls: [{ app: a, timeout: 2s }]", ["spec.traffic.timeout"]],
  ["traffic: { timeout: 1s }", "calls: [{ app: a, retries: { attempts: 0 } }]", []],
  ["", "calls: [{ app: a, timeout: 2s }]", []],
  ["traffic: { retries: { attempts: 1 } }", "calls: [{ app: a, retries: { attempts: 0 } }]", ["spec.traffic.retries"]],
  [
    "overrides: [{ clusters: {}, spec: { traffic: { timeout: 2s } } }]",
    "calls: [{ app: a, timeout: 2s }]",
    ["spec.traffic.timeout"],
  ],
])("callers with limits of their own: %s, called with %s", (spec, caller, fields) => {
  const problems = lint(app("a", spec), fleet([app("b", caller), app("c", "calls: [{ app: a }]")]));
  expect(problems.map(({ code, field, found }) => [code, field, found])).toEqual(
    fields.map((field) => ["caller-overrides", field, ["b"]]),
  );
});
