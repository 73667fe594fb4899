import { expect, test } from "vitest";
import { parse } from "yaml";
import type { App } from "./app.ts";
import type { Cluster } from "./cluster.ts";
import { placedIn } from "./effective.ts";
import type { Policy } from "./policy.ts";
import { resolve } from "./resolve.ts";
import { rolloutOf } from "./resolve-rollout.ts";
import type { Segment } from "./segment.ts";
import type { TokenIssuer } from "./token-issuer.ts";

const apiVersion = "quipu.dev/v1" as const;
const app = (spec = "", labels = {}): App => ({
  apiVersion,
  kind: "App",
  metadata: { name: "checkout", labels },
  spec: { team: "payments", segment: "money", ...(parse(spec) as object) },
});
const cluster = (name: string, labels = {}): Cluster => ({
  apiVersion,
  kind: "Cluster",
  metadata: { name, labels },
  spec: { region: "co", zone: "co-a" },
});
const policy = (name: string, spec: string): Policy => ({
  apiVersion,
  kind: "Policy",
  metadata: { name },
  spec: parse(spec) as Policy["spec"],
});
const segment = (spec: string): Segment => ({
  apiVersion,
  kind: "Segment",
  metadata: { name: "money" },
  spec: parse(spec) as Segment["spec"],
});
const issuer: TokenIssuer = {
  apiVersion,
  kind: "TokenIssuer",
  metadata: { name: "customers" },
  spec: { issuer: "https://id", audiences: ["shop"], jwks: "{}" },
};
const input = { policies: [] as Policy[], cluster: cluster("co-1"), issuers: [issuer] };

test("a ten-line App has every default", () => {
  const { parts, provenance, problems } = resolve(app(), input);
  expect(problems).toEqual([]);
  expect(parts.scale).toEqual({ min: 2, max: 10, targetCPU: 70 });
  expect(parts.workload).toMatchObject({
    image: "quipu.local/checkout",
    drainMs: 5000,
    terminationGraceMs: 30_000,
    readiness: { kind: "tcp", port: "http" },
    liveness: null,
    spread: "zone",
  });
  expect(parts.traffic).toMatchObject({
    timeoutMs: 15_000,
    grpcTimeoutMs: 0,
    retries: {
      attempts: 2,
      retryOn: ["connect-failure", "refused-stream", "unavailable", "cancelled", "retriable-status-codes"],
      budgetPercent: 20,
    },
    perCaller: {
      connectionPool: { maxConnections: 1024, maxPendingRequests: 1024, maxRequests: 1024, connectTimeoutMs: 1000 },
      outlierDetection: { consecutive5xxErrors: 5, intervalMs: 10_000, baseEjectionMs: 30_000, maxEjectionPercent: 50 },
      loadBalancing: { policy: "leastRequest" },
    },
    inbound: { connectionPool: {} },
  });
  expect(provenance["traffic.timeout"]).toBe("default");
  expect(rolloutOf(app(), input)).toMatchObject({
    strategy: "canary",
    steps: [
      { weight: 5, holdMs: 60_000 },
      { weight: 25, holdMs: 60_000 },
      { weight: 50, holdMs: 60_000 },
    ],
    waves: [{}],
    progressDeadlineMs: 600_000,
    analysis: { noTraffic: "pass" },
  });
});

test.each([
  ["gRPC has no timeout", "workload: { ports: [{ name: grpc, port: 9090 }] }", 0, 0],
  ["TCP has none", "workload: { ports: [{ name: tcp, port: 5432 }] }", 0, 0],
  ["both: only HTTP has one", "workload: { ports: [{ name: grpc, port: 9090 }, { name: http, port: 80 }] }", 15_000, 0],
  [
    "given: it holds for both",
    "traffic: { timeout: 2s }\nworkload: { ports: [{ name: grpc, port: 9090 }, { name: http, port: 80 }] }",
    2000,
    2000,
  ],
])("%s", (_, spec, http, grpc) => {
  expect(resolve(app(spec), input).parts.traffic).toMatchObject({ timeoutMs: http, grpcTimeoutMs: grpc });
});

test("the most specific default wins, field by field, and provenance says which", () => {
  const policies = [
    policy(
      "z-app",
      "{ selector: { app: checkout }, defaults: { traffic: { perCaller: { connectionPool: { maxRequests: 1 } } } } }",
    ),
    policy(
      "fleet",
      "{ defaults: { traffic: { timeout: 10s, perCaller: { connectionPool: { maxRequests: 2, maxConnections: 2, maxPendingRequests: 2 } } } } }",
    ),
    policy(
      "team",
      "{ selector: { team: payments }, defaults: { traffic: { perCaller: { connectionPool: { maxRequests: 3, maxConnections: 3 } } } } }",
    ),
    policy("others", "{ selector: { team: shop }, defaults: { traffic: { timeout: 1s } } }"),
  ];
  const { parts, provenance } = resolve(app("traffic: { retries: { attempts: 1 } }"), {
    ...input,
    policies,
    segment: segment("{ defaults: { traffic: { timeout: 20s, retries: { attempts: 7, budgetPercent: 5 } } } }"),
  });
  expect(parts.traffic.perCaller.connectionPool).toMatchObject({
    maxRequests: 1,
    maxConnections: 3,
    maxPendingRequests: 2,
  });
  expect(parts.traffic).toMatchObject({ timeoutMs: 10_000, retries: { attempts: 1, budgetPercent: 5 } });
  expect(provenance).toMatchObject({
    "traffic.timeout": "policy fleet",
    "traffic.retries.attempts": "app",
    "traffic.retries.budgetPercent": "segment money",
    "traffic.perCaller.connectionPool.maxRequests": "policy z-app",
    "traffic.perCaller.connectionPool.maxConnections": "policy team",
  });
});

test("the last override that matches the cluster wins; lists replace lists; the first wish for a hash takes the policy away", () => {
  const overridden = app(`
workload: { env: { A: app, B: app } }
traffic: { timeout: 3s, rateLimits: [{ requests: 1, unit: second }], perCaller: { loadBalancing: { policy: random } } }
overrides:
  - { clusters: { matchLabels: { market: uy } }, spec: { traffic: { timeout: 4s, rateLimits: [], perCaller: { loadBalancing: { consistentHash: { header: x } } } }, workload: { env: { B: uy } } } }
  - { clusters: { matchLabels: { zone: co-a } }, spec: { traffic: { timeout: 5s } } }
  - { clusters: { matchLabels: { market: ar } }, spec: { traffic: { timeout: 6s } } }
`);
  const uy = resolve(overridden, { ...input, cluster: cluster("uy-1", { market: "uy" }) });
  expect(uy.parts.traffic).toMatchObject({
    timeoutMs: 5000,
    rateLimits: [],
    perCaller: { loadBalancing: { policy: "consistentHash", hash: { header: "x" } } },
  });
  expect(uy.parts.workload.env).toEqual([
    { name: "A", value: "app" },
    { name: "B", value: "uy" },
  ]);
  expect(uy.provenance).toMatchObject({
    "traffic.timeout": "override 1",
    "traffic.rateLimits": "override 0",
    "workload.env.B": "override 0",
    "workload.env.A": "app",
  });
  expect(uy.provenance).not.toHaveProperty("traffic.perCaller.loadBalancing.policy");
});

test("guard-rails bind the App, its overrides and defaults alike", () => {
  const rails = policy(
    "rails",
    `
guardRails:
  max: { traffic.timeout: 10s, workload.replicas.max: 20, "calls[].retries.attempts": 2, workload.resources.limits.memory: 1Gi }
  min: { workload.replicas.min: 2 }
  required: [traffic.rateLimits, "expose[].jwt", workload.resources.limits.memory]
  forbidden: [overlay]
`,
  );
  const codes = (spec: string, where = cluster("co-1")) =>
    resolve(app(spec), { ...input, cluster: where, policies: [rails] }).problems.map(({ code, field, message }) => [
      code,
      field,
      /Policy rails/.test(message),
    ]);
  expect(
    codes(
      "workload: { resources: { limits: { memory: 512Mi } } }\ntraffic: { timeout: 3s, rateLimits: [{ requests: 1, unit: second }] }",
    ),
  ).toEqual([]);
  expect(
    codes(
      "workload: { replicas: { min: 1, max: 21 }, resources: { limits: { memory: 2Gi } } }\ncalls: [{ app: a }, { app: b, retries: { attempts: 3 } }]\nexpose: [{ host: a.example }]\noverlay: [{ kind: Service, patch: {} }]",
    ).map(([code, field]) => [code, field]),
  ).toEqual([
    ["guard-rail", "spec.traffic.timeout"],
    ["guard-rail", "spec.workload.replicas.max"],
    ["guard-rail", "spec.calls[1].retries.attempts"],
    ["guard-rail", "spec.workload.resources.limits.memory"],
    ["guard-rail", "spec.workload.replicas.min"],
    ["guard-rail", "spec.traffic.rateLimits"],
    ["guard-rail", "spec.expose[0].jwt"],
    ["guard-rail", "spec.overlay"],
  ]);
  const override =
    "workload: { resources: { limits: { memory: 512Mi } } }\ntraffic: { timeout: 3s, rateLimits: [{ requests: 1, unit: second }] }\noverrides: [{ clusters: { matchLabels: { market: uy } }, spec: { traffic: { timeout: 0s } } }]";
  expect(codes(override)).toEqual([]);
  expect(codes(override, cluster("uy-1", { market: "uy" }))).toEqual([["guard-rail", "spec.traffic.timeout", true]]);
});

test("an issuer that isn't declared, and replicas that contradict each other across layers", () => {
  const { problems } = resolve(
    app("expose: [{ host: a.example, jwt: nobody }]\nworkload: { replicas: { min: 12 } }"),
    input,
  );
  expect(problems.map(({ code, field }) => [code, field])).toEqual([
    ["unknown-reference", "spec.expose[0].jwt"],
    ["conflicting-fields", "spec.workload.replicas.min"],
  ]);
  expect(resolve(app("expose: [{ host: a.example, jwt: customers }]"), input).parts.traffic.issuers).toEqual({
    customers: { issuer: "https://id", audiences: ["shop"], jwks: "{}" },
  });
});

test("placement is the App's, else the segment's, else everywhere", () => {
  const clusters = [cluster("b", { stage: "prod" }), cluster("a", { stage: "prod" }), cluster("c")];
  expect(placedIn(app(), undefined, clusters)).toEqual(["a", "b", "c"]);
  expect(placedIn(app(), segment("{ placement: { clusters: { matchLabels: { stage: prod } } } }"), clusters)).toEqual([
    "a",
    "b",
  ]);
  expect(
    placedIn(
      app("placement: { clusters: { matchLabels: { name: c } } }"),
      segment("{ placement: { clusters: { matchLabels: { stage: prod } } } }"),
      clusters,
    ),
  ).toEqual(["c"]);
});

test("resolving changes nothing of what it was given", () => {
  const given = app(
    "traffic: { rateLimits: [{ requests: 1, unit: second, per: { header: X-A } }] }\nworkload: { command: [a] }",
  );
  const before = JSON.stringify(given);
  const { parts } = resolve(given, input);
  parts.workload.command.push("b");
  expect(JSON.stringify(given)).toBe(before);
  expect(JSON.stringify(resolve(given, input).parts)).not.toContain('"b"');
});
