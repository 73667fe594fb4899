import type { KubeObject } from "../../../src/objects/meta.ts";

/** Addresses of the three proxies and of the rate-limit service. */
export interface Places {
  ana: string;
  r1: string;
  r2: string;
  limits: { host: string; port: number };
}

export const object = (kind: string, group: string, name: string, spec: object, namespace = "one"): KubeObject => ({
  apiVersion: group,
  kind,
  metadata: { name, namespace },
  spec,
});

/** What stays: services, endpoints, identities. `bob` has two replicas, one of each revision; `ghost` none; nothing listens for `dead`; `hidden` isn't in scope. */
export function ground({ r1, r2, limits }: Places): KubeObject[] {
  const service = (name: string, ports: object[], namespace = "one") =>
    object("Service", "v1", name, { ...(namespace === "one" && { selector: { app: name } }), ports }, namespace);
  const slice = (name: string, ports: object[], endpoints: object[], namespace = "one"): KubeObject =>
    ({
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name, namespace, labels: { "kubernetes.io/service-name": name } },
      addressType: "IPv4",
      ports,
      endpoints,
    }) as unknown as KubeObject;
  const pod = (revision: string, ip: string) =>
    ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: `bob-${revision}`,
        namespace: "one",
        labels: { app: "bob", revision, "security.istio.io/tlsMode": "istio" },
      },
      spec: { serviceAccountName: "bob", containers: [] },
      status: { podIP: ip },
    }) as unknown as KubeObject;
  const http = [
    { name: "http", port: 8080, targetPort: 8080 },
    { name: "http-80", port: 80, targetPort: 8080, appProtocol: "http" },
  ];
  const target = (revision: string) => ({ kind: "Pod", name: `bob-${revision}`, namespace: "one" });
  return [
    service("bob", http),
    service("ghost", http),
    service("dead", http),
    service("hidden", http),
    service("ratelimit", [{ name: "grpc-ratelimit", port: 8081, targetPort: limits.port }], "quipu-system"),
    pod("r1", r1),
    pod("r2", r2),
    slice(
      "bob",
      [
        { name: "http", port: 8080 },
        { name: "http-80", port: 8080 },
      ],
      [
        { addresses: [r1], targetRef: target("r1") },
        { addresses: [r2], targetRef: target("r2") },
      ],
    ),
    slice(
      "dead",
      [
        { name: "http", port: 9999 },
        { name: "http-80", port: 9999 },
      ],
      [{ addresses: [r1], targetRef: target("r1") }],
    ),
    slice("ratelimit", [{ name: "grpc-ratelimit", port: limits.port }], [{ addresses: [limits.host] }], "quipu-system"),
  ];
}
