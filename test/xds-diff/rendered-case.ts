/**
 * What rendering makes of one of its golden cases, as text of a case: a proxy, and an endpoint, for each Deployment, and
 * the gateway. Pure but for reading the case.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import type { Deployment, Service } from "../../src/objects/core.ts";
import { matchesLabels, type KubeObject } from "../../src/objects/meta.ts";
import type { Proxy } from "../../src/mesh/resource.ts";

/** Kinds that say something to a mesh. */
const read = new Set([
  ...["Service", "VirtualService", "DestinationRule", "Gateway", "ServiceEntry", "WorkloadEntry", "Sidecar"],
  ...["EnvoyFilter", "AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"],
]);

/** `folder`: a case of src/render/golden. Of its clusters the first. */
export function renderedCase(folder: string): string {
  const [first] = readFileSync(join(folder, "out.yaml"), "utf8")
    .split(/^# (?=[a-z0-9-]+$)/m)
    .filter((text) => text.includes("kind:"));
  const objects = parseAllDocuments(first!.slice(first!.indexOf("---")))
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);
  const deployments = objects.filter(({ kind }) => kind === "Deployment") as Deployment[];
  const sidecars = deployments.map(sidecarOf);
  const documents: object[] = [
    ...sidecars.map((proxy) => ({ kind: "Proxy", ...proxy })),
    ...(objects.some(({ kind }) => kind === "Gateway") ? [{ kind: "Proxy", ...gateway }] : []),
    ...baseline,
    ...objects.filter(({ kind }) => read.has(kind)),
    ...(objects.filter(({ kind }) => kind === "Service") as Service[]).flatMap((service) => slice(service, sidecars)),
  ];
  return documents.map((document) => stringify(document, { aliasDuplicateObjects: false })).join("---\n");
}

type Described = Omit<Proxy, "id">;
const common = { cluster: "co-1", network: "", locality: { region: "co", zone: "" } };

const gateway: Described = {
  ...common,
  role: "router",
  ip: "127.253.255.1",
  namespace: "istio-system",
  name: "gateway",
  labels: { istio: "ingressgateway" },
  serviceAccount: "istio-ingressgateway",
  metadata: {},
};

/** What every cluster has beside the rendered objects. */
const baseline: KubeObject[] = [
  {
    ...{ apiVersion: "v1", kind: "Service", metadata: { name: "istio-ingressgateway", namespace: "istio-system" } },
    spec: {
      selector: { istio: "ingressgateway" },
      ports: [
        { name: "http2", port: 80, targetPort: 8080 },
        { name: "https", port: 443, targetPort: 8443 },
      ],
    },
  },
  {
    ...{ apiVersion: "v1", kind: "Service", metadata: { name: "ratelimit", namespace: "quipu-system" } },
    spec: { ports: [{ name: "grpc-ratelimit", port: 8081 }] },
  },
];

/** A pod of the Deployment, as a runtime would announce it. */
function sidecarOf({ metadata, spec }: Deployment, index: number): Described {
  const own = `127.253.${index + 1}`;
  const calls = (metadata.annotations?.["quipu.dev/calls"] ?? "").split(",").filter((call) => call !== "");
  const ports = spec!.template.spec.containers[0]!.ports ?? [];
  return {
    ...common,
    role: "sidecar",
    ip: `${own}.1`,
    namespace: metadata.namespace!,
    name: metadata.name,
    labels: { "security.istio.io/tlsMode": "istio", ...spec!.template.metadata!.labels },
    serviceAccount: spec!.template.spec.serviceAccountName!,
    metadata: {
      QUIPU_PROXY: `${own}.1:15001`,
      QUIPU_APP_PORTS: Object.fromEntries(ports.map(({ containerPort }, port) => [containerPort, 20_000 + port])),
      QUIPU_CALLEES: Object.fromEntries(calls.map((call, at) => [`${call}.svc.cluster.local`, `${own}.${at + 2}`])),
    },
  };
}

/** The endpoints that a controller would list. */
function slice({ metadata, spec }: Service, proxies: readonly Described[]): KubeObject[] {
  const found = proxies.filter(
    ({ namespace, labels }) =>
      namespace === metadata.namespace && spec?.selector !== undefined && matchesLabels(spec.selector, labels),
  );
  if (found.length === 0) return [];
  return [
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        name: metadata.name,
        namespace: metadata.namespace!,
        labels: { "kubernetes.io/service-name": metadata.name },
      },
      addressType: "IPv4",
      ports: (spec?.ports ?? []).map(({ name, port, targetPort }) => ({ name, port: targetPort ?? port })),
      endpoints: found.map(({ ip, name, namespace }) => ({
        addresses: [ip],
        conditions: { ready: true },
        targetRef: { kind: "Pod", name, namespace },
      })),
    } as KubeObject,
  ];
}
