import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../objects/meta.ts";
import { createMeshCompiler } from "./compiler.ts";
import { registry } from "./testing/registry.ts";
import { decode } from "./testing/resources.ts";

const name = "outbound|80||a.ns.svc.cluster.local";

function addresses(...objects: unknown[]): string[] {
  return [...endpointsOf(objects).matchAll(/"address":"([\d.]+)","portValue":(\d+)/g)].map(
    ([, address, port]) => `${address}:${port}`,
  );
}
function endpointsOf(objects: readonly unknown[], cluster = name): string {
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
  const found = JSON.stringify(decode(compiler.endpoints("p", cluster)!));
  expect(errors).toEqual([]);
  return found;
}
const pod = (name: string, rest: object = {}, metadata: object = {}) => ({
  ...{ apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "ns", ...metadata }, spec: {} },
  ...rest,
});
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
    expect(addresses(both, pod("a-2"))).toEqual(["10.0.0.1:8080", "10.0.0.2:8080"]);
  });
  it("leave out an address whose pod was replaced by another of its name", () => {
    const targetRef = { kind: "Pod", namespace: "ns", name: "a-0", uid: "old" };
    const old = slice([{ addresses: ["10.0.0.5"], targetRef }]);
    expect(addresses(old, pod("a-0", {}, { uid: "new" }))).toEqual([]);
    expect(addresses(old, pod("a-0", {}, { uid: "old" }))).toEqual(["10.0.0.5:8080"]);
  });
  it("are called in plain text where their PeerAuthentication says DISABLE, for all ports or theirs", () => {
    const labels = { app: "a", "security.istio.io/tlsMode": "istio" };
    const known = [
      slice([{ addresses: ["10.0.0.1"], targetRef: { kind: "Pod", name: "a-1" } }]),
      pod("a-1", {}, { labels }),
    ];
    const mode = (spec: object, namespace = "ns") => ({
      ...{ apiVersion: "security.istio.io/v1", kind: "PeerAuthentication", metadata: { name: "d", namespace } },
      spec,
    });
    expect(endpointsOf(known)).toContain("tlsMode");
    const disable = { mtls: { mode: "DISABLE" } };
    expect(endpointsOf([...known, mode(disable)])).not.toContain("tlsMode");
    expect(endpointsOf([...known, mode(disable, "istio-system")])).not.toContain("tlsMode");
    const selector = { matchLabels: { app: "a" } };
    const port = (number: number) => ({ selector, portLevelMtls: { [number]: { mode: "DISABLE" } } });
    expect(endpointsOf([...known, mode(port(8080))])).not.toContain("tlsMode");
    expect(endpointsOf([...known, mode(port(9090))])).toContain("tlsMode");
  });
  it("of a ServiceEntry that selects pods: those that are ready, and neither going nor gone", () => {
    const entry = {
      ...{ apiVersion: "networking.istio.io/v1", kind: "ServiceEntry", metadata: { name: "b", namespace: "ns" } },
      spec: {
        hosts: ["b.example"],
        ports: [{ number: 80, name: "http", protocol: "HTTP", targetPort: 8080 }],
        ...{ resolution: "STATIC", location: "MESH_INTERNAL", workloadSelector: { labels: { app: "b" } } },
      },
    };
    const one = (podIP: string, status: object = {}, metadata: object = {}) =>
      pod(`b-${podIP}`, { status: { podIP, ...status } }, { labels: { app: "b" }, ...metadata });
    const conditions = (status: string) => ({ conditions: [{ type: "Ready", status }] });
    const found = endpointsOf(
      [
        entry,
        one("10.0.0.1", conditions("True")),
        one("10.0.0.2", conditions("False")),
        one("10.0.0.3", conditions("True"), { deletionTimestamp: "2026-01-01T00:00:00Z" }),
        one("10.0.0.4", { phase: "Failed" }),
      ],
      "outbound|80||b.example",
    );
    expect([...found.matchAll(/10\.0\.0\.\d/g)].map(([address]) => address)).toEqual(["10.0.0.1"]);
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
