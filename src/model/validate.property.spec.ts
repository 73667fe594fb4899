import * as fc from "fast-check";
import { expect, test, vi } from "vitest";
import { parse } from "yaml";
import type { App } from "./app.ts";
import type { Cluster } from "./cluster.ts";
import { parseDocuments } from "./documents.ts";
import { lint } from "./lint/lint.ts";
import { resolve } from "./resolve.ts";
import { rolloutOf } from "./resolve-rollout.ts";
import { rosterOf } from "./roster.ts";
import { validate } from "./validate.ts";

vi.setConfig({ testTimeout: 60_000 });

/** An App with something at nearly every place, to be damaged or thinned out. */
const full = parse(`
apiVersion: quipu.dev/v1
kind: App
metadata: { name: checkout, labels: { tier: critical } }
spec:
  team: payments
  segment: money
  workload:
    image: registry.example/checkout
    command: [node, server.js]
    ports: [{ name: http, port: 8080 }, { name: grpc, port: 9090 }]
    env: { LOG_LEVEL: info, KEY: { secret: stripe, key: token } }
    files: { /etc/rules.yaml: { config: rules } }
    resources: { requests: { cpu: 250m, memory: 256Mi }, limits: { memory: 512Mi } }
    replicas: { min: 2, max: 20, targetCPU: 70 }
    probes: { readiness: /ready, liveness: { port: grpc } }
    terminationGracePeriod: 30s
    drain: 5s
  placement: { clusters: { matchLabels: { region: co } }, spread: zone }
  calls:
    - { app: catalog, timeout: 800ms, retries: { attempts: 1, perTryTimeout: 350ms, retryOn: [5xx, 503] } }
    - { app: orders, methods: [POST], paths: [/orders/*] }
    - { host: api.stripe.com, port: 443 }
  traffic:
    timeout: 3s
    perCaller:
      connectionPool: { maxConnections: 100, maxPendingRequests: 50, maxRequests: 200, maxRequestsPerConnection: 0, idleTimeout: 60s, connectTimeout: 1s }
      outlierDetection: { consecutive5xxErrors: 5, interval: 10s, baseEjectionTime: 30s, maxEjectionPercent: 50 }
      loadBalancing: { consistentHash: { cookie: c, ttl: 1h }, warmup: 30s }
    inbound: { connectionPool: { maxConnections: 1000 } }
    rateLimits: [{ requests: 500, unit: second }, { requests: 20, unit: second, per: { header: x-user-id }, match: { path: /pay* } }]
    faults: [{ percent: 5, delay: 1s, abort: { status: 503 } }]
  access: { callers: [{ app: orders, methods: [POST], paths: [/charge] }] }
  expose: [{ host: api.shop.example, path: /checkout, tls: { secret: shop-cert } }]
  rollout:
    strategy: canary
    steps: [{ weight: 5, hold: 2m }, { pause: { for: 1h } }, { pause: {} }]
    analysis: { successRate: 99.5, p99: 400ms, interval: 10s, minRequests: 50, failureLimit: 3, noTraffic: hold }
    waves: [{ clusters: { matchLabels: { stage: canary } } }, {}]
    progressDeadline: 10m
  overrides: [{ clusters: { matchLabels: { market: uy } }, spec: { workload: { replicas: { max: 4 } } } }]
  overlay: [{ kind: Service, patch: { spec: { type: NodePort } } }]
`) as Record<string, unknown>;

type Path = (string | number)[];
function pathsOf(value: unknown, at: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [at];
  return [
    at,
    ...Object.entries(value).flatMap(([key, inner]) =>
      pathsOf(inner, [...at, Array.isArray(value) ? Number(key) : key]),
    ),
  ];
}

/** A copy with the value at the path replaced, or removed when it is undefined. */
function changed(value: unknown, [key, ...rest]: Path, by: unknown): unknown {
  if (key === undefined) return by;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<
    string | number,
    unknown
  >;
  const inner = changed(copy[key], rest, by);
  if (inner !== undefined) copy[key] = inner;
  else if (Array.isArray(copy)) copy.splice(Number(key), 1);
  else delete copy[key];
  return copy;
}

const path = fc.constantFrom(...pathsOf(full).filter(({ length }) => length > 0));
const cluster: Cluster = {
  apiVersion: "quipu.dev/v1",
  kind: "Cluster",
  metadata: { name: "uy-1", labels: { market: "uy", region: "co" } },
  spec: { region: "co" },
};

/** What is valid must go all the way: no rule further on may meet a shape that it doesn't expect. */
function use(app: App): void {
  const { parts, provenance } = resolve(app, { policies: [], issuers: [], cluster });
  expect(Object.keys(provenance).length).toBeGreaterThan(20);
  // An overlay is a patch in Kubernetes' own words: what it says, nulls included, is not ours to read.
  expect(JSON.stringify({ ...parts, traffic: { ...parts.traffic, overlay: [] } })).not.toContain("null,null");
  for (const ms of [parts.traffic.timeoutMs, parts.traffic.retries.perTryTimeoutMs, parts.workload.drainMs])
    expect(Number.isFinite(ms)).toBe(true);
  rolloutOf(app, { policies: [] });
  rosterOf(app, { revisions: [], segmentOf: () => undefined });
  lint(app, { apps: new Map(), segments: new Map(), clusters: [cluster], policies: [] });
}

test("the full App is valid", () => {
  expect(validate(full)).toEqual([]);
  use(full as App);
});

test("an App with parts taken away or damaged is refused with a reason, or can be used", () => {
  const by = fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    { weight: 2, arbitrary: fc.jsonValue() },
    { weight: 1, arbitrary: fc.constantFrom<unknown>([], {}, "", 0, -1, "0s", null, true, [null], [{}]) },
  );
  let valid = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(path, by), { minLength: 1, maxLength: 4 }), (changes) => {
      let document: unknown = full;
      for (const [at, value] of changes)
        if (pathsOf(document).some((one) => one.join() === at.join())) document = changed(document, at, value);
      const problems = validate(document);
      for (const problem of problems) {
        expect(problem.message).not.toBe("");
        expect(problem.message).not.toMatch(/undefined|\[object/);
      }
      if (problems.length > 0) return;
      valid++;
      use(document as App);
    }),
    { numRuns: 400 },
  );
  // The test would say nothing if every damage were refused.
  expect(valid).toBeGreaterThan(20);
});

test("any value and any text are answered, never thrown at", () => {
  fc.assert(fc.property(fc.anything(), (value) => Array.isArray(validate(value)) && validate(value).length > 0));
  fc.assert(
    fc.property(fc.oneof(fc.string({ maxLength: 60 }), fc.json()), (text) => {
      for (const { problems } of parseDocuments(text))
        for (const { line, column } of problems) {
          expect(line).toBeGreaterThan(0);
          expect(column).toBeGreaterThan(0);
        }
    }),
  );
});
