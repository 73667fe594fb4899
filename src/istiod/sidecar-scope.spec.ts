import { expect, it } from "vitest";
import { recorded } from "./recorded.ts";
import { parseSidecarScope, standsInScope } from "./sidecar-scope.ts";
import type { StepObject } from "./step-object.ts";

const scope = parseSidecarScope(recorded("sidecarz"));
const object = (kind: string, resourceVersion: string, fields: Partial<StepObject> = {}): StepObject => ({
  ...{ kind, resourceVersion, namespace: "money", name: "orders", spec: {} },
  ...fields,
});

it("belongs to a push", () => {
  expect(scope.push).toBe(7);
  expect(() => parseSidecarScope("{}")).toThrow("names no push");
});

it("has rules and services in a version", () => {
  expect(standsInScope(object("DestinationRule", "443"), scope)).toBe(true);
  expect(standsInScope(object("DestinationRule", "99"), scope)).toBe(true);
  expect(standsInScope(object("DestinationRule", "444"), scope)).toBe(false);
  expect(standsInScope(object("DestinationRule", "1", { name: "other" }), scope)).toBe(false);
  expect(standsInScope(object("Service", "426"), scope)).toBe(true);
  expect(standsInScope(object("Service", "427"), scope)).toBe(false);
  expect(standsInScope(object("EnvoyFilter", "1"), scope)).toBe("unknown");
});

it("several rules for a host are told as one, and no version of it counts", () => {
  const merged = JSON.parse(recorded("sidecarz")) as { destinationRules: Record<string, { from: object[] }[]> };
  merged.destinationRules["orders.money.svc.cluster.local"]![0]!.from.push({ Namespace: "money", Name: "b" });
  expect(standsInScope(object("DestinationRule", "1"), parseSidecarScope(JSON.stringify(merged)))).toBe(false);
});

it("has the Sidecar that selects it, which must be the same to the field", () => {
  const spec = {
    workloadSelector: { labels: { app: "shop" } },
    egress: [{ hosts: ["money/orders.money.svc.cluster.local"] }],
    outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
  };
  const sidecar = (changes: object, name = "shop") => object("Sidecar", "1", { name, spec: { ...spec, ...changes } });
  expect(standsInScope(sidecar({}), scope)).toBe(true);
  expect(standsInScope(sidecar({}, "cart"), scope)).toBe(false);
  expect(standsInScope(sidecar({ egress: [{ hosts: ["~/*"] }] }), scope)).toBe(false);
  expect(standsInScope(sidecar({ outboundTrafficPolicy: { mode: "ALLOW_ANY" } }), scope)).toBe(false);
  expect(standsInScope(sidecar({ inboundConnectionPool: { tcp: { maxConnections: 1 } } }), scope)).toBe(false);
});
