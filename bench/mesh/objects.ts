import type { KubeObject } from "../../src/objects/meta.ts";

/** A made-up cluster: apps in namespaces of 50, each with a Service, endpoints, a DestinationRule and a VirtualService. */
export const size = { services: 1500, endpoints: 20_000, perNamespace: 50 };

export const namespaceOf = (index: number): string => `ns-${Math.floor(index / size.perNamespace)}`;
export const appOf = (index: number): string => `app-${index}`;
export const hostOf = (index: number): string => `${appOf(index)}.${namespaceOf(index)}.svc.cluster.local`;

/** `shift` moves its first endpoint. */
export function slice(index: number, shift = 0): KubeObject {
  const count =
    Math.floor(((index + 1) * size.endpoints) / size.services) - Math.floor((index * size.endpoints) / size.services);
  const address = (at: number) => `10.${index >> 8}.${index & 255}.${at + 1}`;
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { ...metadata(index), labels: { "kubernetes.io/service-name": appOf(index) } },
    addressType: "IPv4",
    ports: [{ name: "http", port: 8080 }],
    endpoints: Array.from({ length: count }, (_, at) => ({
      addresses: [address(at === 0 ? 200 + shift : at)],
      conditions: { ready: true },
      targetRef: { kind: "Pod", namespace: namespaceOf(index), name: podOf(index, at) },
    })),
  } as KubeObject;
}

export function virtualService(index: number, timeoutMs = 1000): KubeObject {
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: metadata(index),
    spec: {
      hosts: [hostOf(index)],
      http: [{ route: [{ destination: { host: hostOf(index), subset: "r1" } }], timeout: `${timeoutMs}ms` }],
    },
  };
}

/** Everything of one app. `scoped`: it may call the 50 that follow it. */
export function appObjects(index: number, scoped: boolean): KubeObject[] {
  const endpoints = slice(index) as unknown as { endpoints: unknown[] };
  const pods = endpoints.endpoints.map((_, at) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: podOf(index, at),
      namespace: namespaceOf(index),
      labels: { app: appOf(index), "quipu.dev/revision": "r1", "security.istio.io/tlsMode": "istio" },
    },
    spec: { serviceAccountName: appOf(index), containers: [] },
    status: { podIP: "10.0.0.1" },
  }));
  const calls = Array.from({ length: 50 }, (_, at) => (index + at) % size.services);
  const sidecar = {
    apiVersion: "networking.istio.io/v1",
    kind: "Sidecar",
    metadata: metadata(index),
    spec: {
      workloadSelector: { labels: { app: appOf(index) } },
      egress: [{ hosts: calls.map((callee) => `${namespaceOf(callee)}/${hostOf(callee)}`) }],
    },
  };
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: metadata(index),
      spec: { selector: { app: appOf(index) }, ports: [{ name: "http", port: 80, targetPort: 8080 }] },
    },
    ...pods,
    endpoints as unknown as KubeObject,
    virtualService(index),
    {
      apiVersion: "networking.istio.io/v1",
      kind: "DestinationRule",
      metadata: metadata(index),
      spec: {
        host: hostOf(index),
        trafficPolicy: {
          connectionPool: { tcp: { maxConnections: 1024, connectTimeout: "1s" } },
          outlierDetection: { consecutive5xxErrors: 5, interval: "10s" },
        },
        subsets: [{ name: "r1", labels: { "quipu.dev/revision": "r1" } }],
      },
    },
    ...(scoped ? [sidecar] : []),
  ] as KubeObject[];
}

function metadata(index: number): KubeObject["metadata"] {
  return { name: appOf(index), namespace: namespaceOf(index) };
}
function podOf(index: number, at: number): string {
  return `${appOf(index)}-r1-${at}`;
}
