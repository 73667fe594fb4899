import { describe, expect, it } from "vitest";
import { kinds } from "../../objects/kinds.ts";
import type { KubeObject } from "../../objects/meta.ts";
import { checkFields } from "./field-validation.ts";

const object = (rest: object): KubeObject =>
  structuredClone({ apiVersion: "v1", kind: "X", metadata: { name: "x" }, ...rest }) as KubeObject;

describe("fields of a request", () => {
  it("that are unknown are named with their path, and go", () => {
    const pod = object({
      spec: { containers: [{ name: "a", imgae: "b", env: [{ name: "A", vlaue: "1" }] }] },
      extra: 1,
    });
    expect(checkFields(kinds.Pod, pod, "Warn")).toEqual([
      'unknown field "spec.containers[0].imgae"',
      'unknown field "spec.containers[0].env[0].vlaue"',
      'unknown field "extra"',
    ]);
    expect(pod).toEqual(object({ spec: { containers: [{ name: "a", env: [{ name: "A" }] }] } }));
    expect(checkFields(kinds.Pod, object({ extra: 1 }), "Ignore")).toEqual([]);
    expect(() => checkFields(kinds.Pod, object({ extra: 1 }), "Strict")).toThrow(
      expect.objectContaining({
        code: 400,
        message: expect.stringContaining('strict decoding error: unknown field "extra"'),
      }),
    );
  });

  it("that are null are left out", () => {
    const service = object({ metadata: { name: "x", creationTimestamp: null }, spec: { selector: null } });
    checkFields(kinds.Service, service, "Strict");
    expect(service).toEqual(object({ spec: {} }));
  });

  it.each<[string, keyof typeof kinds, object]>([
    ["a whole number", "Deployment", { spec: { replicas: 1.5 } }],
    ["a list", "Pod", { spec: { containers: {} } }],
    ["an object", "Deployment", { spec: { template: [] } }],
    ["a string in a map", "ConfigMap", { data: { a: 1 } }],
    ["base64", "Secret", { data: { a: "nötbase64" } }],
    ["a quantity", "Pod", { spec: { containers: [{ resources: { limits: { cpu: "1 core" } } }] } }],
    ["a time", "Lease", { spec: { renewTime: "yesterday" } }],
    ["a number or a string", "Service", { spec: { ports: [{ targetPort: true }] } }],
    ["a word of an enumeration", "PeerAuthentication", { spec: { mtls: { mode: "MAYBE" } } }],
    ["a string in a custom resource", "VirtualService", { spec: { http: [{ timeout: 1 }] } }],
  ])("that should be %s and aren't are refused with their path", (_what, kind, rest) => {
    expect(() => checkFields(kinds[kind], object(rest), "Ignore")).toThrow(
      expect.objectContaining({
        code: 422,
        details: expect.objectContaining({
          causes: [expect.objectContaining({ field: expect.stringMatching(/^(spec|data)\./) })],
        }),
      }),
    );
  });

  it("that are right pass", () => {
    const right = object({
      metadata: { name: "x", labels: { a: "b" }, managedFields: [{ manager: "m", fieldsV1: { "f:data": {} } }] },
      spec: {
        containers: [
          { resources: { limits: { cpu: 1, memory: "1.5Gi" } }, readinessProbe: { httpGet: { port: "http" } } },
        ],
        volumes: [{ name: "v", emptyDir: {} }],
      },
    });
    const before = structuredClone(right);
    expect(checkFields(kinds.Pod, right, "Strict")).toEqual([]);
    expect(right).toEqual(before);
  });
});
