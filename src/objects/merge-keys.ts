import type { Kind } from "./kinds.ts";

/**
 * How lists and maps of each kind merge. The two merges of Kubernetes differ: server-side apply goes by
 * x-kubernetes-list-type, -list-map-keys and -map-type of the published OpenAPI document, strategic merge patch
 * by x-kubernetes-patch-strategy and -patch-merge-key. What isn't named here is the default of both: maps merge
 * key by key, lists are atomic (custom resources, Istio's among them, declare nothing else).
 */
export interface MergeRule {
  /** A list whose items are told apart by these fields. */
  readonly keys?: readonly string[];
  /** A list of scalars without duplicates. */
  readonly set?: true;
  /** A map that has one owner as a whole. */
  readonly atomic?: true;
  /** Strategic merge patch: the field that tells items apart, or "" for a merged list of scalars. */
  readonly patchKey?: string;
  /** Fields of a map, or of each item of a list. */
  readonly fields?: Readonly<Record<string, MergeRule>>;
}

/** Values that Kubernetes fills in for key fields left out. */
export const keyDefaults: Readonly<Record<string, unknown>> = { protocol: "TCP" };

const atomic: MergeRule = { atomic: true };
const by = (key: string, fields?: MergeRule["fields"]): MergeRule => ({ keys: [key], patchKey: key, ...(fields === undefined ? {} : { fields }) });
const conditions = by("type");

const metadata: MergeRule = {
  fields: { finalizers: { set: true, patchKey: "" }, ownerReferences: { keys: ["uid"], patchKey: "uid" } },
};

const env = by("name", { valueFrom: { fields: { secretKeyRef: atomic, configMapKeyRef: atomic, fieldRef: atomic, resourceFieldRef: atomic } } });
const container = by("name", {
  env,
  ports: { keys: ["containerPort", "protocol"], patchKey: "containerPort" },
  volumeMounts: by("mountPath"),
  volumeDevices: by("devicePath"),
  resources: { fields: { claims: { keys: ["name"] } } },
});
const volume = by("name", { secret: {}, projected: {} });
const podSpec: MergeRule = {
  fields: {
    containers: container,
    initContainers: container,
    ephemeralContainers: container,
    volumes: volume,
    imagePullSecrets: { ...by("name"), fields: {} },
    hostAliases: by("ip"),
    nodeSelector: atomic,
    schedulingGates: by("name"),
    resourceClaims: by("name"),
    topologySpreadConstraints: { keys: ["topologyKey", "whenUnsatisfiable"], patchKey: "topologyKey", fields: { labelSelector: atomic } },
  },
};
const template: MergeRule = { fields: { metadata, spec: podSpec } };
const workload = (status: MergeRule): MergeRule => ({ fields: { metadata, spec: { fields: { selector: atomic, template } }, status } });
const withConditions: MergeRule = { fields: { conditions } };

const rules: Readonly<Record<string, MergeRule>> = {
  "v1/Namespace": { fields: { metadata, status: withConditions } },
  "v1/Node": { fields: { metadata, spec: { fields: { podCIDRs: { set: true, patchKey: "" }, taints: { patchKey: "key" } } }, status: { fields: { conditions, addresses: by("type") } } } },
  "v1/Pod": { fields: { metadata, spec: podSpec, status: { fields: { conditions, podIPs: by("ip"), hostIPs: { patchKey: "ip" } } } } },
  "v1/Service": {
    fields: {
      metadata,
      spec: { fields: { ports: { keys: ["port", "protocol"], patchKey: "port" }, selector: atomic } },
      status: { fields: { conditions, loadBalancer: {} } },
    },
  },
  "v1/ServiceAccount": { fields: { metadata, secrets: by("name") } },
  "apps/v1/Deployment": workload(withConditions),
  "apps/v1/ReplicaSet": workload(withConditions),
  "autoscaling/v2/HorizontalPodAutoscaler": { fields: { metadata, spec: {}, status: withConditions } },
  "policy/v1/PodDisruptionBudget": { fields: { metadata, spec: { fields: { selector: atomic } }, status: withConditions } },
};

const others: MergeRule = { fields: { metadata } };

/** The rule of a whole object; descend with `fields`. A missing rule means the defaults. */
export function mergeRule(kind: Kind): MergeRule {
  return rules[`${kind.apiVersion}/${kind.kind}`] ?? others;
}

/** Kinds that strategic merge patch is defined for: the built-in ones, not custom resources. */
export function hasStrategicMerge(kind: Kind): boolean {
  return !kind.apiVersion.includes("istio.io");
}
