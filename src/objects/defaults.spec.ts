import { describe, expect, it } from "vitest";
import { fillDefaults } from "./defaults.ts";
import { kinds, type Kind } from "./kinds.ts";
import type { KubeObject } from "./meta.ts";

function filled(kind: Kind, rest: object): KubeObject {
  const object = {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: { name: "x" },
    ...structuredClone(rest),
  } as KubeObject;
  fillDefaults(kind, object);
  return object;
}

describe("defaults", () => {
  it.each<[string, Kind, Record<string, unknown>, Record<string, unknown>]>([
    [
      "a Deployment's strategy",
      kinds.Deployment,
      { spec: { template: { spec: { containers: [] } } } },
      {
        spec: {
          replicas: 1,
          revisionHistoryLimit: 10,
          progressDeadlineSeconds: 600,
          strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
        },
      },
    ],
    [
      "no rolling update for Recreate",
      kinds.Deployment,
      { spec: { strategy: { type: "Recreate" } } },
      { spec: { strategy: { type: "Recreate" } } },
    ],
    [
      "a probe's times",
      kinds.Pod,
      { spec: { containers: [{ name: "a", image: "a", readinessProbe: { httpGet: { port: 1 } } }] } },
      {
        spec: {
          containers: [
            {
              imagePullPolicy: "Always",
              readinessProbe: {
                httpGet: { path: "/", scheme: "HTTP" },
                timeoutSeconds: 1,
                periodSeconds: 10,
                successThreshold: 1,
                failureThreshold: 3,
              },
            },
          ],
        },
      },
    ],
    [
      "requests from limits",
      kinds.Pod,
      {
        spec: {
          containers: [{ image: "a:1", resources: { limits: { cpu: "1", memory: "2" }, requests: { cpu: "500m" } } }],
        },
      },
      {
        spec: {
          containers: [{ imagePullPolicy: "IfNotPresent", resources: { requests: { cpu: "500m", memory: "2" } } }],
        },
      },
    ],
    [
      "a Service's target port",
      kinds.Service,
      { spec: { ports: [{ port: 80 }, { port: 81, targetPort: "x", protocol: "UDP" }] } },
      {
        spec: {
          type: "ClusterIP",
          ports: [
            { port: 80, targetPort: 80, protocol: "TCP" },
            { port: 81, targetPort: "x", protocol: "UDP" },
          ],
        },
      },
    ],
    [
      "an image by digest",
      kinds.Pod,
      { spec: { containers: [{ image: "a/b@sha256:00" }] } },
      { spec: { containers: [{ imagePullPolicy: "IfNotPresent" }] } },
    ],
    ["a Secret's type", kinds.Secret, {}, { type: "Opaque" }],
    [
      "a slice's ports",
      kinds.EndpointSlice,
      { ports: [{ port: 1 }], endpoints: [{ addresses: ["1.2.3.4"] }] },
      { ports: [{ name: "", protocol: "TCP" }], endpoints: [{ conditions: {} }] },
    ],
  ])("fill %s", (_what, kind, given, expected) => expect(filled(kind, given)).toMatchObject(expected));

  it("are none for custom resources, and nothing the second time", () => {
    expect(filled(kinds.VirtualService, { spec: { hosts: ["a"] } }).spec).toEqual({ hosts: ["a"] });
    const once = filled(kinds.Deployment, {
      spec: { template: { spec: { containers: [{ name: "a", image: "a", ports: [{ containerPort: 1 }] }] } } },
    });
    expect(filled(kinds.Deployment, once)).toEqual(once);
  });
});
