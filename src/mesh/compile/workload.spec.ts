import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../objects/meta.ts";
import { createMeshCompiler } from "./compiler.ts";
import { registry } from "./testing/registry.ts";
import { decode } from "./testing/resources.ts";

const name = "outbound|80||a.ns.svc.cluster.local";

function addresses(...objects: unknown[]): string[] {
  const errors: unknown[] = [];
  const compiler = createMeshCompiler({ registry, onError: (error) => errors.push(error) });
  compiler.put({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "a", namespace: "ns" },
    spec: { selector: { app: "a" }, ports: [{ name: "http", port: 80, targetPort: 8080 }] },
  });
  for (const object of objects) compiler.put(object as KubeObject);
  compiler.addProxy({
    id: "p",
    role: "sidecar",
    ip: "127.0.0.9",
    namespace: "ns",
    name: "p",
    labels: {},
    serviceAccount: "p",
    cluster: "",
    network: "",
    locality: { region: "", zone: "" },
    metadata: {},
  });
  const found = JSON.stringify(decode(compiler.endpoints("p", name)!));
  expect(errors).toEqual([]);
  return [...found.matchAll(/"address":"([\d.]+)","portValue":(\d+)/g)].map(
    ([, address, port]) => `${address}:${port}`,
  );
}
const slice = (endpoints: unknown, ports: unknown = [{ name: "http", port: 8080 }]) => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name: `a-${JSON.stringify(endpoints)}`, namespace: "ns", labels: { "kubernetes.io/service-name": "a" } },
  addressType: "IPv4",
  ports,
  endpoints,
});

describe("the instances of a service", () => {
  it("are the ready endpoints of all its slices; absent means ready", () => {
    expect(
      addresses(
        slice([
          { addresses: ["10.0.0.2"] },
          { addresses: ["10.0.0.3"], conditions: { ready: false, serving: true, terminating: true } },
        ]),
        slice([{ addresses: ["10.0.0.1"], conditions: { ready: true } }]),
      ),
    ).toEqual(["10.0.0.1:8080", "10.0.0.2:8080"]);
  });
  it("leave out a pod that isn't known yet, and have it as soon as it is", () => {
    const target = { kind: "Pod", namespace: "ns", name: "a-2" };
    const both = slice([{ addresses: ["10.0.0.1"] }, { addresses: ["10.0.0.2"], targetRef: target }]);
    expect(addresses(both)).toEqual(["10.0.0.1:8080"]);
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "a-2", namespace: "ns" }, spec: {} };
    expect(addresses(both, pod)).toEqual(["10.0.0.1:8080", "10.0.0.2:8080"]);
  });
  it("are none while a slice is empty, however an API server writes that", () => {
    expect(addresses(slice(null, null))).toEqual([]);
    expect(addresses(slice([]))).toEqual([]);
  });
  it("include WorkloadEntries that the Service selects, on their own ports", () => {
    const entry = (labels: Record<string, string>) => ({
      apiVersion: "networking.istio.io/v1",
      kind: "WorkloadEntry",
      metadata: { name: `e-${labels["app"]}`, namespace: "ns" },
      spec: { address: "10.9.0.1", ports: { http: 15_443 }, labels },
    });
    expect(addresses(slice([{ addresses: ["10.0.0.1"] }]), entry({ app: "a" }), entry({ app: "b" }))).toEqual([
      "10.0.0.1:8080",
      "10.9.0.1:15443",
    ]);
  });
});
