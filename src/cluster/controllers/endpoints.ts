import type { Endpoint, EndpointSlice, Pod, Service } from "../../objects/core.ts";
import { matchesLabels } from "../../objects/meta.ts";
import { isFinished, isReady, isTerminating } from "./pod-state.ts";
import { canonicalJson } from "./template-hash.ts";

export const serviceNameLabel = "kubernetes.io/service-name";
const managedBy = { "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io" };
const maxEndpoints = 1000;

export interface SlicePlan {
  create: EndpointSlice[];
  update: EndpointSlice[];
  remove: string[];
}
type SlicePort = NonNullable<EndpointSlice["ports"]>[number];

/**
 * The EndpointSlices of a Service: its selected pods that have an address, grouped by the port numbers they resolve
 * its target ports to, at most 1,000 in a slice. Existing slices keep their endpoints, so that one pod's change
 * rewrites one slice. Rules: Kubernetes documentation, "EndpointSlices".
 */
export function reconcileEndpoints(
  service: Service,
  pods: readonly Pod[],
  slices: readonly EndpointSlice[],
  zone: string,
  suffix: () => string,
): SlicePlan {
  const groups = new Map<string, { ports: SlicePort[]; endpoints: Map<string, Endpoint> }>();
  for (const pod of pods) {
    if (
      isFinished(pod) ||
      pod.status?.podIP === undefined ||
      !matchesLabels(service.spec?.selector, pod.metadata.labels)
    )
      continue;
    const ports = resolvePorts(service, pod);
    const key = canonicalJson(ports);
    const group = groups.get(key) ?? { ports, endpoints: new Map<string, Endpoint>() };
    groups.set(key, group);
    group.endpoints.set(pod.metadata.uid ?? pod.metadata.name, endpointOf(pod, zone));
  }
  if (groups.size === 0) {
    const ports = (service.spec?.ports ?? [])
      .filter((port) => typeof (port.targetPort ?? port.port) === "number")
      .map((port) => slicePort(port, Number(port.targetPort ?? port.port)));
    groups.set(canonicalJson(ports), { ports, endpoints: new Map() });
  }

  const plan: SlicePlan = { create: [], update: [], remove: [] };
  const kept = new Map<string, EndpointSlice[]>();
  for (const slice of [...slices].sort((a, b) => a.metadata.name.localeCompare(b.metadata.name))) {
    const group = groups.get(canonicalJson(slice.ports ?? []));
    if (group === undefined) {
      plan.remove.push(slice.metadata.name);
      continue;
    }
    const endpoints: Endpoint[] = [];
    for (const endpoint of slice.endpoints ?? []) {
      const uid = endpoint.targetRef?.uid ?? "";
      const wanted = group.endpoints.get(uid);
      if (wanted === undefined) continue;
      endpoints.push(wanted);
      group.endpoints.delete(uid);
    }
    const key = canonicalJson(slice.ports ?? []);
    kept.set(key, [...(kept.get(key) ?? []), { ...slice, endpoints }]);
  }
  for (const [key, group] of groups)
    fill(service, group.ports, [...group.endpoints.values()], kept.get(key) ?? [], slices, plan, suffix);
  return plan;
}

function fill(
  service: Service,
  ports: SlicePort[],
  rest: Endpoint[],
  kept: EndpointSlice[],
  before: readonly EndpointSlice[],
  plan: SlicePlan,
  suffix: () => string,
): void {
  for (const slice of kept) slice.endpoints.push(...rest.splice(0, maxEndpoints - slice.endpoints.length));
  // One empty slice stays: "no endpoints" is something that watchers must be able to see.
  const empty = kept
    .filter((slice) => slice.endpoints.length === 0)
    .slice(kept.some((slice) => slice.endpoints.length > 0) || rest.length > 0 ? 0 : 1);
  for (const slice of kept) {
    if (empty.includes(slice)) plan.remove.push(slice.metadata.name);
    else if (
      canonicalJson(slice.endpoints) !==
      canonicalJson(before.find((other) => other.metadata.name === slice.metadata.name)?.endpoints ?? [])
    )
      plan.update.push(slice);
  }
  while (rest.length > 0 || kept.length === 0) {
    const slice = newSlice(service, ports, rest.splice(0, maxEndpoints), suffix());
    plan.create.push(slice);
    kept.push(slice);
  }
}

function newSlice(service: Service, ports: SlicePort[], endpoints: Endpoint[], suffix: string): EndpointSlice {
  const { name, namespace, uid } = service.metadata;
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: `${name}-${suffix}`,
      generateName: `${name}-`,
      ...(namespace !== undefined && { namespace }),
      labels: { ...service.metadata.labels, ...managedBy, [serviceNameLabel]: name },
      ownerReferences: [
        { apiVersion: "v1", kind: "Service", name, uid: uid ?? "", controller: true, blockOwnerDeletion: true },
      ],
    },
    addressType: "IPv4",
    endpoints,
    ports,
  };
}

function endpointOf(pod: Pod, zone: string): Endpoint {
  const ready = isReady(pod);
  const terminating = isTerminating(pod);
  return {
    addresses: [pod.status?.podIP ?? ""],
    conditions: { ready: ready && !terminating, serving: ready, terminating },
    ...(pod.spec?.nodeName !== undefined && { nodeName: pod.spec.nodeName }),
    ...(zone !== "" && { zone }),
    targetRef: {
      kind: "Pod",
      name: pod.metadata.name,
      ...(pod.metadata.namespace !== undefined && { namespace: pod.metadata.namespace }),
      ...(pod.metadata.uid !== undefined && { uid: pod.metadata.uid }),
    },
  };
}

/** The Service's ports as this pod serves them; a named target port that the pod doesn't declare is left out. */
function resolvePorts(service: Service, pod: Pod): SlicePort[] {
  const declared = pod.spec?.containers.flatMap((container) => container.ports ?? []) ?? [];
  return (service.spec?.ports ?? []).flatMap((port) => {
    const target = port.targetPort ?? port.port;
    const number =
      typeof target === "number"
        ? target
        : declared.find(
            (candidate) => candidate.name === target && (candidate.protocol ?? "TCP") === (port.protocol ?? "TCP"),
          )?.containerPort;
    return number === undefined ? [] : [slicePort(port, number)];
  });
}

function slicePort(port: NonNullable<NonNullable<Service["spec"]>["ports"]>[number], number: number): SlicePort {
  return {
    name: port.name ?? "",
    port: number,
    protocol: port.protocol ?? "TCP",
    ...(port.appProtocol !== undefined && { appProtocol: port.appProtocol }),
  };
}
