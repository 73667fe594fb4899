import type { EndpointSlice, Namespace } from "../../objects/core.ts";
import type { KubeObject } from "../../objects/meta.ts";
import type { ClusterObjects } from "./cluster-objects.ts";
import { serviceNameLabel } from "./endpoints.ts";
import { canonicalJson } from "./template-hash.ts";
import { isTerminating } from "./pod-state.ts";
import { WorkQueue } from "./work-queue.ts";

export interface NodePlace {
  name: string;
  region: string;
  zone: string;
  address: string;
  maxPods: number;
  cpus: number;
  memoryBytes: number;
  version: string;
}

/** The Node that stands for this machine, as its kubelet would register it. Source: Kubernetes documentation, "Well-Known Labels". */
export function nodeObject(place: NodePlace, now: string): KubeObject {
  const capacity = {
    cpu: String(place.cpus),
    memory: `${Math.floor(place.memoryBytes / 1024)}Ki`,
    pods: String(place.maxPods),
  };
  const condition = (
    type: string,
    status: "True" | "False",
    reason: string,
    message: string,
  ): Record<string, unknown> => ({ type, status, reason, message, lastHeartbeatTime: now, lastTransitionTime: now });
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: place.name,
      labels: {
        "kubernetes.io/hostname": place.name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": process.arch === "x64" ? "amd64" : process.arch,
        "topology.kubernetes.io/region": place.region,
        "topology.kubernetes.io/zone": place.zone,
      },
    },
    spec: { providerID: `quipu://${place.name}` },
    status: {
      capacity,
      allocatable: capacity,
      addresses: [
        { type: "InternalIP", address: place.address },
        { type: "Hostname", address: place.name },
      ],
      conditions: [condition("Ready", "True", "KubeletReady", "the pod runtime is up")],
      nodeInfo: {
        kubeletVersion: place.version,
        containerRuntimeVersion: `quipu://${place.version}`,
        operatingSystem: "linux",
        architecture: process.arch === "x64" ? "amd64" : process.arch,
        osImage: "this machine",
        kernelVersion: "",
        machineID: "",
        systemUUID: "",
        bootID: "",
        kubeProxyVersion: "",
      },
    },
  };
}

/** Creates the node or brings it up to date. */
export function registerNode(objects: ClusterObjects, node: KubeObject): void {
  const before = objects.get("Node", undefined, node.metadata.name);
  if (before === undefined) objects.create(node);
  else
    objects.update({
      ...before,
      metadata: { ...before.metadata, labels: { ...before.metadata.labels, ...node.metadata.labels } },
      spec: { ...(before.spec as object), ...(node.spec as object) },
    });
  objects.updateStatus(node);
}

/** Where the mesh process's rate-limit service listens. It is no pod, so its Service has no selector and this slice stands in. */
export function rateLimitSlice(address: string): EndpointSlice {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: "ratelimit-mesh",
      namespace: "quipu-system",
      labels: { [serviceNameLabel]: "ratelimit", "endpointslice.kubernetes.io/managed-by": "quipu-cluster" },
    },
    addressType: "IPv4",
    endpoints: [{ addresses: [address], conditions: { ready: true, serving: true, terminating: false } }],
    ports: [{ name: "grpc-ratelimit", port: 8081, protocol: "TCP" }],
  };
}

/** What every namespace of a cluster has: a service account `default`; and quipu-system the endpoint of the rate-limit service. */
export class NamespaceController {
  readonly #objects: ClusterObjects;
  readonly #queue: WorkQueue;
  readonly #ends: (() => void)[] = [];

  constructor(objects: ClusterObjects, rateLimitAddress: string, failed: (key: string, error: unknown) => void) {
    this.#objects = objects;
    this.#queue = new WorkQueue((name) => {
      const namespace = objects.get<Namespace>("Namespace", undefined, name);
      if (namespace === undefined || isTerminating(namespace)) return;
      if (objects.get("ServiceAccount", name, "default") === undefined)
        objects.create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: name } });
      if (name !== "quipu-system") return;
      const wanted = rateLimitSlice(rateLimitAddress);
      const before = objects.get<EndpointSlice>("EndpointSlice", name, wanted.metadata.name);
      if (before === undefined) objects.create(wanted);
      else if (canonicalJson(before.endpoints) !== canonicalJson(wanted.endpoints))
        objects.update({ ...before, endpoints: wanted.endpoints });
    }, failed);
  }

  start(): void {
    this.#ends.push(
      this.#objects.watch("Namespace", ({ object }) => this.#queue.add(object.metadata.name)),
      this.#objects.watch("ServiceAccount", ({ type, object }) => {
        if (type === "DELETED") this.#queue.add(object.metadata.namespace ?? "");
      }),
    );
  }

  stop(): void {
    for (const end of this.#ends) end();
    this.#queue.stop();
  }
}
