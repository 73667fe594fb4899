import { describe, expect, test } from "vitest";
import { validate } from "./validate.ts";

describe("any document", () => {
  const base = { apiVersion: "quipu.dev/v1", kind: "App", metadata: { name: "a" }, spec: { team: "t", segment: "s" } };
  test.each([
    [{ ...base, kind: "Ap" }, "unknown-kind", "kind", /Did you mean App\?/],
    [{ ...base, kind: undefined }, "missing-field", "kind", /missing/],
    [{ ...base, apiVersion: "v1" }, "unknown-api-version", "apiVersion", /v1/],
    [{ ...base, metadata: { name: "Checkout" } }, "bad-name", "metadata.name", /Checkout/],
    [{ ...base, metadata: { name: "1st" } }, "bad-name", "metadata.name", /1st/],
    [{ ...base, metadata: { name: "a".repeat(51) } }, "bad-name", "metadata.name", /51 characters/],
    [{ ...base, metadata: { name: "allow-nothing" } }, "reserved-name", "metadata.name", /allow-nothing/],
    [
      { ...base, metadata: { name: "a", labels: { "sidecar.istio.io/inject": "false" } } },
      "reserved-name",
      'metadata.labels["sidecar.istio.io/inject"]',
      /mesh/,
    ],
    [{ ...base, spec: { team: "t" } }, "missing-field", "spec.segment", /missing/],
    [
      { ...base, kind: "Segment", metadata: { name: "kube-system" }, spec: {} },
      "reserved-name",
      "metadata.name",
      /system/,
    ],
    [{ ...base, kind: "TokenIssuer", spec: { issuer: "x" } }, "missing-field", "spec", /neither jwks nor jwksUri/],
    [
      { ...base, kind: "TokenIssuer", spec: { issuer: "x", jwks: "{}", jwksUri: "https://x" } },
      "conflicting-fields",
      "spec.jwksUri",
      /both/,
    ],
    [
      {
        ...base,
        kind: "Window",
        spec: { mode: "freeze", once: { from: "2026-12-24T00:00:00Z", to: "2026-12-23T00:00:00Z" } },
      },
      "conflicting-fields",
      "spec.once.to",
      /before it begins/,
    ],
    [
      {
        ...base,
        kind: "Window",
        spec: { mode: "allow", weekly: { days: ["mon"], from: "09:00", to: "18:00", timeZone: "Bogota" } },
      },
      "bad-format",
      "spec.weekly.timeZone",
      /Bogota/,
    ],
    [
      { ...base, kind: "Policy", spec: { guardRails: { max: { "traffic.timeuot": "3s" } } } },
      "unknown-field",
      'spec.guardRails.max["traffic.timeuot"]',
      /Did you mean timeout\?/,
    ],
    [
      { ...base, kind: "Policy", spec: { guardRails: { max: { "traffic.timeout": 3 } } } },
      "wrong-unit",
      'spec.guardRails.max["traffic.timeout"]',
      /3s or 3ms/,
    ],
    [
      { ...base, kind: "Policy", spec: { guardRails: { max: { "rollout.strategy": 3 } } } },
      "wrong-type",
      'spec.guardRails.max["rollout.strategy"]',
      /no amount/,
    ],
    [
      {
        ...base,
        kind: "Policy",
        spec: { defaults: { traffic: { rateLimits: [{ requests: 1, unit: "day", scope: "fleet" }] } } },
      },
      "unsupported",
      "spec.defaults.traffic.rateLimits[0].scope",
      /aren't built/,
    ],
    [
      { ...base, kind: "Segment", spec: { defaults: { workload: { replicas: { min: 3, max: 2 } } } } },
      "conflicting-fields",
      "spec.defaults.workload.replicas.min",
      /above max/,
    ],
    [
      {
        ...base,
        kind: "Team",
        spec: {
          members: [
            { user: "ana", role: "developer" },
            { user: "ana", role: "admin" },
          ],
        },
      },
      "duplicate",
      "spec.members[1].user",
      /ana/,
    ],
    [
      { ...base, kind: "Cluster", spec: { region: "pe", provider: "embedded", connection: { uid: "u" } } },
      "conflicting-fields",
      "spec.connection",
      /reached by the server that runs it/,
    ],
    [
      { ...base, kind: "Cluster", spec: { region: "pe", connection: {} } },
      "missing-field",
      "spec.connection.kubeconfig",
      /nothing of how/,
    ],
    [
      { ...base, kind: "Cluster", spec: { region: "pe", connection: { kubeconfig: { path: "/a" } } } },
      "missing-field",
      "spec.connection.kubeconfig.context",
      /context/,
    ],
    [
      { ...base, kind: "Cluster", spec: { region: "pe", connection: { kubeconfig: { context: "a", path: "~/a" } } } },
      "bad-format",
      "spec.connection.kubeconfig.path",
      /"~\/a"/,
    ],
    [
      { ...base, kind: "Cluster", spec: { region: "pe", connection: { agent: true, kubeconfig: { context: "a" } } } },
      "conflicting-fields",
      "spec.connection.agent",
      /needs none/,
    ],
    [
      { ...base, kind: "Cluster", spec: { region: "pe", unprovenWait: "10ms" } },
      "out-of-range",
      "spec.unprovenWait",
      /10ms/,
    ],
  ])("%j", (document, code, field, message) => {
    const found = validate(document);
    expect(found.map((problem) => [problem.code, problem.field])).toContainEqual([code, field]);
    expect(found.find((problem) => problem.code === code)!.message).toMatch(message);
  });

  test("what the server writes may come back", () => {
    expect(
      validate({
        ...base,
        metadata: {
          name: "a",
          uid: "u",
          resourceVersion: "7",
          generation: 2,
          creationTimestamp: "2026-01-01T00:00:00Z",
        },
        status: { observedGeneration: 2, conditions: [{ type: "Ready", status: "True" }], more: 1 },
      }),
    ).toEqual([]);
  });
});
