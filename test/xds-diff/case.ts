/** A golden case as objects that a real kube-apiserver takes, and the proxies that ask for their configuration. Pure. */
import { parseAllDocuments } from "yaml";
import type { Pod } from "../../src/objects/core.ts";
import { kinds } from "../../src/objects/kinds.ts";
import type { KubeObject } from "../../src/objects/meta.ts";
import type { Proxy } from "../../src/mesh/resource.ts";

export interface DiffCase {
  /** In the order in which they can be applied. */
  readonly objects: readonly KubeObject[];
  readonly proxies: readonly Proxy[];
}

/** Before whatever may refer to them. */
const first = ["Namespace", "ServiceAccount", "Node", "Pod", "Service"];

/**
 * Reads an `in.yaml`. What is changed, so that a real cluster takes it and both meshes know the proxies: loopback addresses of
 * pods become addresses of 10.0.0.0/8 (a kube-apiserver refuses them in EndpointSlices); node ids become whole; each
 * proxy has its Pod, and each Pod its container, namespace and service account.
 */
export function readDiffCase(text: string): DiffCase {
  const documents = parseAllDocuments(text.replaceAll(/\b127\.(25[0-4])\./g, "10.$1.")).map(
    (document) => document.toJS() as { kind: string },
  );
  const proxies = documents.filter(({ kind }) => kind === "Proxy").map((one) => wholeNode(one as unknown as Proxy));
  const given = documents.filter(({ kind }) => kind !== "Proxy") as unknown as KubeObject[];
  const pods = new Map(given.filter(({ kind }) => kind === "Pod").map((pod) => [nameOf(pod), pod as Pod]));
  for (const proxy of proxies) {
    const key = `${proxy.namespace}/${proxy.name}`;
    pods.set(key, { ...podOf(proxy), ...pods.get(key) });
  }
  const objects = [...given.filter(({ kind }) => kind !== "Pod"), ...[...pods.values()].map(withContainer)];
  const namespaces = new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []));
  const accounts = new Set(
    [...pods.values()].map(({ metadata, spec }) => `${metadata.namespace}/${spec!.serviceAccountName ?? "default"}`),
  );
  const needed: KubeObject[] = [
    ...[...namespaces].map((name) => ({ ...kinds.Namespace, metadata: { name } })),
    ...[...accounts].map((account) => {
      const [namespace, name] = account.split("/") as [string, string];
      return { ...kinds.ServiceAccount, metadata: { namespace, name } };
    }),
  ].map(({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata }));
  return { proxies, objects: [...needed, ...objects].toSorted((a, b) => rank(a) - rank(b)) };
}

function rank({ kind }: KubeObject): number {
  const at = first.indexOf(kind);
  return at < 0 ? first.length : at;
}

function nameOf({ metadata }: KubeObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** As ARCHITECTURE.md has it ("Node metadata"), and as istiod reads it. */
function wholeNode(proxy: Proxy): Proxy {
  const { role, ip, name, namespace, labels, serviceAccount, network, metadata } = proxy;
  return {
    ...proxy,
    id: `${role}~${ip}~${name}.${namespace}~${namespace}.svc.cluster.local`,
    metadata: {
      ...metadata,
      NAMESPACE: namespace,
      LABELS: labels,
      SERVICE_ACCOUNT: serviceAccount,
      CLUSTER_ID: "Kubernetes",
      NETWORK: network,
      ISTIO_VERSION: "1.32.0",
    },
  };
}

function podOf({ namespace, name, labels, serviceAccount, ip, role }: Proxy): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...{ namespace, name, labels: { ...labels } },
      ...(role === "router" && { annotations: { "inject.istio.io/templates": "gateway" } }),
    },
    spec: { serviceAccountName: serviceAccount, containers: [] },
    status: { podIP: ip },
  };
}

function withContainer(pod: Pod): Pod {
  const { containers = [], ...spec } = pod.spec ?? {};
  return { ...pod, spec: { ...spec, containers: containers.length > 0 ? containers : [{ name: "app", image: "x" }] } };
}
