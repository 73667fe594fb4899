import type { EndpointSlice, Pod, Service } from "../../../objects/core.ts";
import type {
  AuthorizationPolicy,
  DestinationRule,
  EnvoyFilter,
  Gateway,
  PeerAuthentication,
  RequestAuthentication,
  ServiceEntry,
  Sidecar,
  VirtualService,
  WorkloadEntry,
} from "../../../objects/istio.ts";
import type { KubeObject } from "../../../objects/meta.ts";
import { fullHost, serviceHost } from "../names.ts";
import { sourceLabels } from "../shared-view.ts";
import type { ObjectStore, Stored } from "./objects.ts";

/** Every way in which the mesh looks objects up. A lookup depends on its key alone, so choose the narrowest. */
export function createIndexes(store: ObjectStore, clusterDomain: string) {
  const byNamespace = (stored: Stored) => [stored.namespace];
  const everything = () => [""];
  const byId = (stored: Stored) => [`${stored.namespace}/${stored.name}`];
  const hostOf = (stored: Stored) => [serviceHost(stored.name, stored.namespace, clusterDomain)];
  const hostKey = (host: string, namespace: string) =>
    host.startsWith("*") ? "*" : fullHost(host, namespace, clusterDomain);
  return {
    serviceByHost: store.index<Service>("Service", "host", hostOf),
    serviceByNamespace: store.index<Service>("Service", "namespace", byNamespace),
    services: store.index<Service>("Service", "all", everything),
    serviceEntryByHost: store.index<ServiceEntry>("ServiceEntry", "host", (stored) => stored.object.spec?.hosts ?? []),
    serviceEntryByNamespace: store.index<ServiceEntry>("ServiceEntry", "namespace", byNamespace),
    serviceEntries: store.index<ServiceEntry>("ServiceEntry", "all", everything),
    /** Key `namespace/service`. */
    endpointSlices: store.index<EndpointSlice>("EndpointSlice", "service", (stored) => [
      `${stored.namespace}/${stored.labels["kubernetes.io/service-name"] ?? ""}`,
    ]),
    pod: store.index<Pod>("Pod", "name", byId),
    podByNamespace: store.index<Pod>("Pod", "namespace", byNamespace),
    workloadEntryByNamespace: store.index<WorkloadEntry>("WorkloadEntry", "namespace", byNamespace),
    /** Key: the node's name. */
    node: store.index<KubeObject>("Node", "name", (stored) => [stored.name]),
    /** Key: full host name; all wildcards together under `*`. */
    destinationRuleByHost: store.index<DestinationRule>("DestinationRule", "host", (stored) => [
      hostKey(stored.object.spec?.host ?? "", stored.namespace),
    ]),
    destinationRule: store.index<DestinationRule>("DestinationRule", "name", byId),
    /** Those for certain workloads of their namespace only. */
    destinationRuleOfWorkloads: store.index<DestinationRule>("DestinationRule", "workloads", (stored) =>
      stored.object.spec?.workloadSelector === undefined ? [] : [stored.namespace],
    ),
    /** Those that route by the caller's labels. */
    virtualServiceOfWorkloads: store.index<VirtualService>("VirtualService", "workloads", (stored) =>
      sourceLabels(stored.object.spec).length === 0 ? [] : [""],
    ),
    /** Key: as for DestinationRules. */
    virtualServiceByHost: store.index<VirtualService>("VirtualService", "host", (stored) =>
      (stored.object.spec?.hosts ?? []).map((host) => hostKey(host, stored.namespace)),
    ),
    virtualService: store.index<VirtualService>("VirtualService", "name", byId),
    /** Key `namespace/name` of a gateway; those of the mesh itself aren't listed. */
    virtualServiceByGateway: store.index<VirtualService>("VirtualService", "gateway", (stored) =>
      (stored.object.spec?.gateways ?? [])
        .filter((gateway) => gateway !== "mesh")
        .map((gateway) => (gateway.includes("/") ? gateway : `${stored.namespace}/${gateway}`)),
    ),
    sidecarByNamespace: store.index<Sidecar>("Sidecar", "namespace", byNamespace),
    gateways: store.index<Gateway>("Gateway", "all", everything),
    authorizationPolicyByNamespace: store.index<AuthorizationPolicy>("AuthorizationPolicy", "namespace", byNamespace),
    peerAuthenticationByNamespace: store.index<PeerAuthentication>("PeerAuthentication", "namespace", byNamespace),
    requestAuthenticationByNamespace: store.index<RequestAuthentication>(
      "RequestAuthentication",
      "namespace",
      byNamespace,
    ),
    envoyFilterByNamespace: store.index<EnvoyFilter>("EnvoyFilter", "namespace", byNamespace),
  };
}
export type Indexes = ReturnType<typeof createIndexes>;
