import type { EndpointSlice, Pod } from "../../objects/core.ts";
import type { WorkloadEntrySpec } from "../../objects/istio.ts";
import { matchesLabels } from "../../objects/meta.ts";
import { isDeepStrictEqual } from "node:util";
import type { Stored } from "./index/objects.ts";
import type { PeerAuthentications } from "./authentication.ts";
import type { Mesh } from "./mesh.ts";
import type { MeshPort, MeshService, Services } from "./service.ts";

export interface Locality {
  readonly region: string;
  readonly zone: string;
  readonly subzone: string;
}

/** An address that serves one port of a service. */
export interface Instance {
  readonly address: string;
  readonly port: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly locality: Locality;
  readonly network: string;
  readonly weight: number;
  /** `ns/sa`, or "" when unknown. */
  readonly account: string;
  /** Whether a sidecar accepts mutual TLS there. */
  readonly inMesh: boolean;
}

const noLocality: Locality = { region: "", zone: "", subzone: "" };
const tlsModeLabel = "security.istio.io/tlsMode";

function parseLocality(text: string | undefined): Locality {
  const [region = "", zone = "", subzone = ""] = (text ?? "").split("/");
  return { region, zone, subzone };
}

interface PodFacts {
  uid: string | undefined;
  labels: Readonly<Record<string, string>>;
  account: string;
  locality: Locality;
  inMesh: boolean;
  network: string;
}

export function workloads(mesh: Mesh, services: Services, peers: PeerAuthentications) {
  const { graph, indexes } = mesh;

  /** A sidecar whose PeerAuthentication says DISABLE there takes plain text only. */
  const takesTls = (namespace: string, labels: Readonly<Record<string, string>>, port: number) =>
    !peers.mayDisable(namespace) || peers.mode(namespace, labels, port) !== "DISABLE";

  const nodeLocality = graph.family<string, Locality>(
    "locality of node",
    (node) => {
      const labels = indexes.node(node)[0]?.labels ?? {};
      return {
        region: labels["topology.kubernetes.io/region"] ?? "",
        zone: labels["topology.kubernetes.io/zone"] ?? "",
        subzone: labels["topology.istio.io/subzone"] ?? "",
      };
    },
    { equal: isDeepStrictEqual },
  );

  /** What endpoints take from a pod, by `namespace/name`. */
  const podFacts = graph.family<string, PodFacts | undefined>(
    "pod",
    (key) => {
      const stored = indexes.pod(key)[0];
      if (stored === undefined) return undefined;
      const { spec } = stored.object;
      const own = stored.labels["istio-locality"]?.replaceAll(".", "/");
      return {
        uid: stored.object.metadata.uid,
        labels: stored.labels,
        account: `${stored.namespace}/${spec?.serviceAccountName ?? "default"}`,
        locality:
          own !== undefined
            ? parseLocality(own)
            : spec?.nodeName !== undefined
              ? nodeLocality(spec.nodeName)
              : noLocality,
        inMesh: stored.labels[tlsModeLabel] === "istio",
        network: stored.labels["topology.istio.io/network"] ?? "",
      };
    },
    { equal: isDeepStrictEqual },
  );

  function fromSlice(slice: Stored<EndpointSlice>, port: MeshPort): Instance[] {
    // An API server sends null for empty lists here.
    const { endpoints, ports, addressType } = slice.object as Pick<EndpointSlice, "addressType"> & {
      [K in "endpoints" | "ports"]: EndpointSlice[K] | null;
    };
    if (addressType === "FQDN") return [];
    const number = ports?.find((entry) => (entry.name ?? "") === port.name)?.port;
    if (number === undefined) return [];
    return (endpoints ?? []).flatMap((endpoint) => {
      const address = endpoint.addresses[0];
      // Absent means ready (Kubernetes reference, EndpointConditions).
      if (address === undefined || endpoint.conditions?.ready === false) return [];
      const target = endpoint.targetRef;
      const pod =
        target?.kind === "Pod" ? podFacts(`${target.namespace ?? slice.namespace}/${target.name}`) : undefined;
      // Slices and pods are watched apart. Of a pod that isn't known yet nobody knows whether it has a sidecar and whose
      // it is: called as if it had none it would fail, and all instances beside it would be taken for a mixed service.
      if (target?.kind === "Pod" && pod === undefined) return [];
      // Another of the same name by now (StatefulSet): this address is the old one's.
      if (target?.uid !== undefined && pod?.uid !== undefined && target.uid !== pod.uid) return [];
      const locality =
        pod?.locality ?? (endpoint.nodeName !== undefined ? nodeLocality(endpoint.nodeName) : noLocality);
      return [
        {
          address,
          port: number,
          labels: pod?.labels ?? {},
          weight: 1,
          account: pod?.account ?? "",
          inMesh: pod !== undefined && pod.inMesh && takesTls(slice.namespace, pod.labels, number),
          network: pod?.network ?? "",
          locality:
            locality.zone === "" && endpoint.zone !== undefined ? { ...locality, zone: endpoint.zone } : locality,
        },
      ];
    });
  }

  function fromEntry(spec: WorkloadEntrySpec, namespace: string, port: MeshPort, external: boolean): Instance[] {
    if (spec.address === undefined) return [];
    const labels = spec.labels ?? {};
    const number = spec.ports?.[port.name] ?? (typeof port.targetPort === "number" ? port.targetPort : port.number);
    return [
      {
        address: spec.address,
        port: number,
        labels,
        locality: parseLocality(spec.locality),
        network: spec.network ?? "",
        weight: spec.weight ?? 1,
        account: spec.serviceAccount === undefined || external ? "" : `${namespace}/${spec.serviceAccount}`,
        inMesh: labels[tlsModeLabel] === "istio" && takesTls(namespace, labels, number),
      },
    ];
  }

  /** All ready instances of a port of a service. Key: `namespace/host|port`. */
  const instances = graph.family<string, readonly Instance[]>(
    "instances",
    (key) => {
      const bar = key.lastIndexOf("|");
      const service = services.byId(key.slice(0, bar));
      const port = service?.ports.find((entry) => entry.number === Number(key.slice(bar + 1)));
      if (service === undefined || port === undefined) return [];
      const found: Instance[] = service.endpoints.flatMap((entry) =>
        fromEntry(entry, service.namespace, port, service.external),
      );
      if (service.kind === "Service")
        for (const slice of indexes.endpointSlices(`${service.namespace}/${service.name}`))
          found.push(...fromSlice(slice, port));
      if (service.selector !== undefined && Object.keys(service.selector).length > 0) {
        for (const entry of indexes.workloadEntryByNamespace(service.namespace, (stored) =>
          matchesLabels(service.selector, labelsOfEntry(stored.object.spec)),
        ))
          found.push(...fromEntry(entry.object.spec!, entry.namespace, port, false));
        if (service.kind === "ServiceEntry")
          for (const pod of indexes.podByNamespace(service.namespace, (stored) =>
            matchesLabels(service.selector, stored.labels),
          ))
            found.push(...fromPod(pod, port));
      }
      return found.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : a.port - b.port));
    },
    { equal: isDeepStrictEqual },
  );

  function fromPod(pod: Stored<Pod>, port: MeshPort): Instance[] {
    const { podIP: address, phase } = pod.object.status ?? {};
    const facts = podFacts(`${pod.namespace}/${pod.name}`);
    if (address === undefined || phase !== "Running" || facts === undefined) return [];
    const { uid: _, inMesh, ...rest } = facts;
    const number = typeof port.targetPort === "number" ? port.targetPort : port.number;
    return [
      { ...rest, address, port: number, weight: 1, inMesh: inMesh && takesTls(pod.namespace, pod.labels, number) },
    ];
  }

  /** The identities behind a service's port: what its certificate must say. Sorted `ns/sa`. Changes rarely, so that endpoints come and go without touching clusters. */
  const accounts = graph.family<string, readonly string[]>(
    "service accounts",
    (key) =>
      [
        ...new Set(
          instances(key)
            .map((instance) => instance.account)
            .filter((account) => account !== ""),
        ),
      ].sort(),
    { equal: isDeepStrictEqual },
  );

  /** Whether every instance has a sidecar. With none at all: yes, for a Service. */
  const allInMesh = graph.family<string, boolean>("all instances in mesh", (key) =>
    instances(key).every((instance) => instance.inMesh),
  );

  return { instances, accounts, allInMesh, podFacts };
}
export type Workloads = ReturnType<typeof workloads>;

function labelsOfEntry(spec: WorkloadEntrySpec | undefined): Record<string, string> {
  return spec?.labels ?? {};
}

export function instanceKey(service: MeshService, port: MeshPort): string {
  return `${service.id}|${port.number}`;
}
