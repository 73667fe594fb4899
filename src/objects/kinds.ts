/**
 * The registry of Kubernetes and Istio kinds in use. Everything that must know how a kind is called in a URL
 * (client, embedded API, ledger, CLI) asks here. The versions are those that Kubernetes 1.36 and Istio 1.32 store.
 */
export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  /** Name in URLs, lower case plural. */
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  /** Sub-resources that the kind has beside itself. */
  readonly subresources: readonly ("status" | "scale")[];
  readonly categories: readonly string[];
}

function kind(apiVersion: string, name: string, plural: string, options: Partial<Kind> = {}): Kind {
  return Object.freeze({
    apiVersion,
    kind: name,
    plural,
    singular: name.toLowerCase(),
    shortNames: [],
    namespaced: true,
    subresources: [],
    categories: [],
    ...options,
  });
}

const istio = { categories: ["istio-io"], subresources: ["status"] as const };

export const kinds = {
  Namespace: kind("v1", "Namespace", "namespaces", { namespaced: false, shortNames: ["ns"], subresources: ["status"] }),
  Node: kind("v1", "Node", "nodes", { namespaced: false, shortNames: ["no"], subresources: ["status"] }),
  Pod: kind("v1", "Pod", "pods", { shortNames: ["po"], subresources: ["status"], categories: ["all"] }),
  Service: kind("v1", "Service", "services", { shortNames: ["svc"], subresources: ["status"], categories: ["all"] }),
  ServiceAccount: kind("v1", "ServiceAccount", "serviceaccounts", { shortNames: ["sa"] }),
  Secret: kind("v1", "Secret", "secrets"),
  ConfigMap: kind("v1", "ConfigMap", "configmaps", { shortNames: ["cm"] }),
  Event: kind("v1", "Event", "events", { shortNames: ["ev"] }),
  Deployment: kind("apps/v1", "Deployment", "deployments", {
    shortNames: ["deploy"],
    subresources: ["status", "scale"],
    categories: ["all"],
  }),
  ReplicaSet: kind("apps/v1", "ReplicaSet", "replicasets", {
    shortNames: ["rs"],
    subresources: ["status", "scale"],
    categories: ["all"],
  }),
  HorizontalPodAutoscaler: kind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", {
    shortNames: ["hpa"],
    subresources: ["status"],
    categories: ["all"],
  }),
  PodDisruptionBudget: kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", {
    shortNames: ["pdb"],
    subresources: ["status"],
  }),
  EndpointSlice: kind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices"),
  Lease: kind("coordination.k8s.io/v1", "Lease", "leases"),
  VirtualService: kind("networking.istio.io/v1", "VirtualService", "virtualservices", { shortNames: ["vs"], ...istio }),
  DestinationRule: kind("networking.istio.io/v1", "DestinationRule", "destinationrules", {
    shortNames: ["dr"],
    ...istio,
  }),
  Gateway: kind("networking.istio.io/v1", "Gateway", "gateways", { shortNames: ["gw"], ...istio }),
  ServiceEntry: kind("networking.istio.io/v1", "ServiceEntry", "serviceentries", { shortNames: ["se"], ...istio }),
  WorkloadEntry: kind("networking.istio.io/v1", "WorkloadEntry", "workloadentries", { shortNames: ["we"], ...istio }),
  Sidecar: kind("networking.istio.io/v1", "Sidecar", "sidecars", { ...istio }),
  EnvoyFilter: kind("networking.istio.io/v1alpha3", "EnvoyFilter", "envoyfilters", { ...istio }),
  AuthorizationPolicy: kind("security.istio.io/v1", "AuthorizationPolicy", "authorizationpolicies", {
    shortNames: ["ap"],
    ...istio,
  }),
  PeerAuthentication: kind("security.istio.io/v1", "PeerAuthentication", "peerauthentications", {
    shortNames: ["pa"],
    ...istio,
  }),
  RequestAuthentication: kind("security.istio.io/v1", "RequestAuthentication", "requestauthentications", {
    shortNames: ["ra"],
    ...istio,
  }),
  Telemetry: kind("telemetry.istio.io/v1", "Telemetry", "telemetries", { shortNames: ["telemetry"], ...istio }),
} as const;

export type KindName = keyof typeof kinds;

const byGvk = new Map(Object.values<Kind>(kinds).map((entry) => [`${entry.apiVersion}/${entry.kind}`, entry]));

/** The registered kind, or undefined when Quipu doesn't know it. */
export function findKind(apiVersion: string, name: string): Kind | undefined {
  return byGvk.get(`${apiVersion}/${name}`);
}

/** `/apis/apps/v1/namespaces/ns/deployments/name`; without a name the collection. */
export function resourcePath(entry: Kind, namespace?: string, name?: string): string {
  const root = entry.apiVersion.includes("/") ? `/apis/${entry.apiVersion}` : `/api/${entry.apiVersion}`;
  const scope = entry.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${root}${scope}/${entry.plural}${name === undefined ? "" : `/${encodeURIComponent(name)}`}`;
}
