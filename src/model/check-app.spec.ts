import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { maxAppBytes, validate } from "./validate.ts";

type Row = [what: string, spec: string, code: string, field: string, message: RegExp];

function problems(spec: string) {
  return validate({
    apiVersion: "quipu.dev/v1",
    kind: "App",
    metadata: { name: "checkout" },
    spec: { team: "payments", segment: "money", ...(parse(spec) as object) },
  });
}

describe("App", () => {
  test.each<Row>([
    ["a misspelt field", "trafic: {}", "unknown-field", "spec.trafic", /Did you mean traffic\?/],
    [
      "a field at the wrong place",
      "timeout: 3s",
      "unknown-field",
      "spec.timeout",
      /Did you mean spec\.traffic\.timeout\?/,
    ],
    ["a field that resembles nothing", "flavour: sweet", "unknown-field", "spec.flavour", /There is no field/],
    [
      "a duration without a unit",
      "traffic: { timeout: 3 }",
      "wrong-unit",
      "spec.traffic.timeout",
      /Did you mean 3s or 3ms\?/,
    ],
    [
      "a duration with a wrong unit",
      "traffic: { timeout: 3sec }",
      "wrong-unit",
      "spec.traffic.timeout",
      /Did you mean 3s\?/,
    ],
    [
      "a duration out of range",
      "traffic: { perCaller: { connectionPool: { connectTimeout: 2h } } }",
      "out-of-range",
      "spec.traffic.perCaller.connectionPool.connectTimeout",
      /2h/,
    ],
    [
      "memory with a wrong unit",
      "workload: { resources: { limits: { memory: 256MB } } }",
      "wrong-unit",
      "spec.workload.resources.limits.memory",
      /Did you mean 256M\?/,
    ],
    [
      "a number out of range",
      "workload: { replicas: { max: 100000 } }",
      "out-of-range",
      "spec.workload.replicas.max",
      /100000/,
    ],
    [
      "half a replica",
      "workload: { replicas: { min: 1.5 } }",
      "wrong-type",
      "spec.workload.replicas.min",
      /not a whole number/,
    ],
    [
      "a number where a text belongs",
      "workload: { env: { PORT: 8080 } }",
      "wrong-type",
      "spec.workload.env.PORT",
      /quotes: "8080"/,
    ],
    ["an empty field", "traffic: { timeout: null }", "wrong-type", "spec.traffic.timeout", /is empty/],
    [
      "a misspelt value",
      "rollout: { strategy: canari }",
      "not-one-of",
      "spec.rollout.strategy",
      /Did you mean canary\?/,
    ],
    [
      "two ports of one number",
      "workload: { ports: [{ name: http, port: 8080 }, { name: grpc, port: 8080 }] }",
      "duplicate",
      "spec.workload.ports[1].port",
      /ports\[0\]\.port already is/,
    ],
    [
      "two ports of one name",
      "workload: { ports: [{ name: http, port: 8080 }, { name: http, port: 8081 }] }",
      "duplicate",
      "spec.workload.ports[1].name",
      /already is/,
    ],
    [
      "a port of the sidecar",
      "workload: { ports: [{ name: http, port: 15001 }] }",
      "reserved-port",
      "spec.workload.ports[0].port",
      /15001/,
    ],
    [
      "port 80 beside another HTTP port",
      "workload: { ports: [{ name: http, port: 8080 }, { name: tcp, port: 80 }] }",
      "conflicting-fields",
      "spec.workload.ports[1].port",
      /first HTTP port/,
    ],
    [
      "the name of the Service's port 80",
      "workload: { ports: [{ name: http, port: 8080 }, { name: http-80, port: 8081 }] }",
      "reserved-name",
      "spec.workload.ports[1].name",
      /calls port 80/,
    ],
    [
      "a port's name that Kubernetes refuses",
      "workload: { ports: [{ name: http--x, port: 8080 }] }",
      "bad-format",
      "spec.workload.ports[0].name",
      /http--x/,
    ],
    [
      "a probe of a port that isn't there",
      "workload: { probes: { readiness: { port: htp } } }",
      "unknown-reference",
      "spec.workload.probes.readiness.port",
      /Did you mean http\?/,
    ],
    [
      "an HTTP probe without an HTTP port",
      "workload: { ports: [{ name: tcp, port: 5432 }], probes: { liveness: /live } }",
      "conflicting-fields",
      "spec.workload.probes.liveness",
      /no HTTP port/,
    ],
    ["a call of nobody", "calls: [{ timeout: 3s }]", "missing-field", "spec.calls[0]", /none of app, host/],
    [
      "a call of both forms",
      "calls: [{ app: catalog, host: api.stripe.com }]",
      "conflicting-fields",
      "spec.calls[0].host",
      /together with spec\.calls\[0\]\.app/,
    ],
    ["the same call twice", "calls: [{ app: catalog }, { app: catalog }]", "duplicate", "spec.calls[1]", /already is/],
    [
      "two overrides for one callee",
      "calls: [{ app: catalog, paths: [/a], timeout: 1s }, { app: catalog, paths: [/b], timeout: 2s }]",
      "conflicting-fields",
      "spec.calls[1]",
      /spec\.calls\[0\] already does/,
    ],
    ["a call of itself", "calls: [{ app: checkout }]", "conflicting-fields", "spec.calls[0].app", /the app itself/],
    [
      "a path without a slash",
      "calls: [{ app: catalog, paths: [items] }]",
      "bad-format",
      "spec.calls[0].paths[0]",
      /items/,
    ],
    [
      "more least than most replicas",
      "workload: { replicas: { min: 5, max: 3 } }",
      "conflicting-fields",
      "spec.workload.replicas.min",
      /above max/,
    ],
    [
      "the same in an override",
      "overrides: [{ clusters: {}, spec: { workload: { replicas: { min: 5, max: 3 } } } }]",
      "conflicting-fields",
      "spec.overrides[0].spec.workload.replicas.min",
      /above max/,
    ],
    [
      "ports per market",
      "overrides: [{ clusters: {}, spec: { workload: { ports: [] } } }]",
      "unknown-field",
      "spec.overrides[0].spec.workload.ports",
      /no field/,
    ],
    [
      "a limit for the fleet",
      "traffic: { rateLimits: [{ requests: 5, unit: minute, scope: fleet }] }",
      "unsupported",
      "spec.traffic.rateLimits[0].scope",
      /aren't built yet/,
    ],
    [
      "a limit of TCP",
      "workload: { ports: [{ name: tcp, port: 5432 }] }\ntraffic: { rateLimits: [{ requests: 5, unit: minute }] }",
      "conflicting-fields",
      "spec.traffic.rateLimits",
      /HTTP and gRPC only/,
    ],
    [
      "a fault that does nothing",
      "traffic: { faults: [{ percent: 5 }] }",
      "missing-field",
      "spec.traffic.faults[0]",
      /neither delay nor abort/,
    ],
    [
      "two ways of balancing",
      "traffic: { perCaller: { loadBalancing: { policy: random, consistentHash: { header: x } } } }",
      "conflicting-fields",
      "spec.traffic.perCaller.loadBalancing.policy",
      /both/,
    ],
    [
      "requests above limits",
      "workload: { resources: { requests: { cpu: 2 }, limits: { cpu: 500m } } }",
      "conflicting-fields",
      "spec.workload.resources.requests.cpu",
      /above its limit/,
    ],
    [
      "the same path exposed twice",
      "expose: [{ host: a.example }, { host: a.example, path: / }]",
      "duplicate",
      "spec.expose[1]",
      /already is/,
    ],
    [
      "exposing a TCP port",
      "workload: { ports: [{ name: tcp, port: 5432 }, { name: http, port: 8080 }] }\nexpose: [{ host: a.example, port: tcp }]",
      "conflicting-fields",
      "spec.expose[0].port",
      /isn't an HTTP port/,
    ],
    [
      "an overlay of a kind that isn't rendered",
      "overlay: [{ kind: Deploymnt, patch: {} }]",
      "not-one-of",
      "spec.overlay[0].kind",
      /Did you mean Deployment\?/,
    ],
    [
      "an overlay of identity",
      "overlay: [{ kind: Deployment, patch: { metadata: { namespace: kube-system } } }]",
      "conflicting-fields",
      "spec.overlay[0].patch.metadata.namespace",
      /isn't an overlay's/,
    ],
    [
      "an overlay that replaces what holds identity",
      "overlay: [{ kind: Service, patch: { spec: null } }]",
      "conflicting-fields",
      "spec.overlay[0].patch.spec.selector",
      /isn't an overlay's/,
    ],
  ])("%s", (_, spec, code, field, message) => {
    const found = problems(spec);
    expect(found.map((problem) => [problem.code, problem.field])).toContainEqual([code, field]);
    const problem = found.find((one) => one.code === code && one.field === field)!;
    expect(problem.message).toMatch(message);
    expect(problem.accepted ?? "").not.toBe("");
    expect(problem.subject).toBe("App/checkout");
  });

  test("everything wrong is told at once", () => {
    expect(
      problems("traffic: { timeout: 3, retries: { attempts: 99 } }\nworkload: { comand: [x] }")
        .map(({ code }) => code)
        .toSorted(),
    ).toEqual(["out-of-range", "unknown-field", "wrong-unit"]);
  });

  test("a ten-line App is complete", () => {
    expect(
      problems(
        "workload: { command: [node, server.js], ports: [{ name: http, port: 8080 }] }\ncalls: [{ app: catalog }]",
      ),
    ).toEqual([]);
  });

  test("an App over 1 MiB", () => {
    const problem = problems(`workload: { env: { BIG: "${"x".repeat(maxAppBytes)}" } }`)[0]!;
    expect(problem).toMatchObject({ code: "too-large", status: 413, accepted: "at most 1048576 bytes" });
  });
});
