import type { Kind } from "./kinds.ts";

/**
 * How lists and maps of each kind merge. The two merges of Kubernetes differ: server-side apply goes by
 * x-kubernetes-list-type, -list-map-keys and -map-type of the published OpenAPI document, strategic merge patch
 * by x-kubernetes-patch-strategy and -patch-merge-key. What isn't named here is the default of both: maps merge
 * key by key, lists are atomic. Compared with the markers in Kubernetes 1.36 and in Istio 1.31's CRDs.
 */
export interface MergeRule {
  /** A list whose items are told apart by these fields. */
  readonly keys?: readonly string[];
  /** A list of scalars without duplicates. */
  readonly set?: true;
  /** A map that has one owner as a whole. */
  readonly atomic?: true;
  /** Items of a list map that have one owner each, as a whole. */
  readonly atomicItems?: true;
  /** Strategic merge patch: a map that is replaced instead of merged. */
  readonly patchReplace?: true;
  /** Strategic merge patch: the field that tells items apart, or "" for a merged list of scalars. */
  readonly patchKey?: string;
  /** Fields of a map, or of each item of a list. */
  readonly fields?: Readonly<Record<string, MergeRule>>;
}

/** Values that Kubernetes fills in for key fields left out. */
export const keyDefaults: Readonly<Record<string, unknown>> = { protocol: "TCP" };

const atomic: MergeRule = { atomic: true };
const by = (key: string, fields?: MergeRule["fields"]): MergeRule => ({
  keys: [key],
  patchKey: key,
  ...(fields === undefined ? {} : { fields }),
});
const conditions = by("type");

const metadata: MergeRule = {
  fields: {
    finalizers: { set: true, patchKey: "" },
    ownerReferences: { keys: ["uid"], patchKey: "uid", atomicItems: true },
  },
};

const env = by("name", {
  valueFrom: {
    fields: {
      secretKeyRef: atomic,
      configMapKeyRef: atomic,
      fieldRef: atomic,
      resourceFieldRef: atomic,
      fileKeyRef: atomic,
    },
  },
});
const container = by("name", {
  env,
  ports: { keys: ["containerPort", "protocol"], patchKey: "containerPort" },
  volumeMounts: by("mountPath"),
  volumeDevices: by("devicePath"),
  resources: { fields: { claims: { keys: ["name"] } } },
});
const podSpec: MergeRule = {
  fields: {
    containers: container,
    initContainers: container,
    ephemeralContainers: container,
    volumes: by("name"),
    imagePullSecrets: { ...by("name"), atomicItems: true },
    hostAliases: by("ip"),
    nodeSelector: atomic,
    schedulingGates: by("name"),
    resourceClaims: by("name"),
    topologySpreadConstraints: {
      keys: ["topologyKey", "whenUnsatisfiable"],
      patchKey: "topologyKey",
      fields: { labelSelector: atomic },
    },
  },
};
const template: MergeRule = { fields: { metadata, spec: podSpec } };
const workload = (status: MergeRule): MergeRule => ({
  fields: { metadata, spec: { fields: { selector: atomic, template } }, status },
});
const withConditions: MergeRule = { fields: { conditions } };

const rules: Readonly<Record<string, MergeRule>> = {
  "v1/Namespace": { fields: { metadata, status: withConditions } },
  "v1/Node": {
    fields: {
      metadata,
      spec: { fields: { podCIDRs: { set: true, patchKey: "" } } },
      status: { fields: { conditions, addresses: by("type") } },
    },
  },
  "v1/Pod": {
    fields: {
      metadata,
      spec: podSpec,
      status: { fields: { conditions, podIPs: by("ip"), hostIPs: { patchKey: "ip" } } },
    },
  },
  "v1/Service": {
    fields: {
      metadata,
      spec: { fields: { ports: { keys: ["port", "protocol"], patchKey: "port" }, selector: atomic } },
      status: { fields: { conditions, loadBalancer: {} } },
    },
  },
  "v1/ServiceAccount": { fields: { metadata, secrets: { ...by("name"), atomicItems: true } } },
  "apps/v1/Deployment": workload(withConditions),
  "apps/v1/ReplicaSet": workload(withConditions),
  "autoscaling/v2/HorizontalPodAutoscaler": { fields: { metadata, spec: {}, status: withConditions } },
  "policy/v1/PodDisruptionBudget": {
    fields: { metadata, spec: { fields: { selector: { atomic: true, patchReplace: true } } }, status: withConditions },
  },
  "networking.istio.io/v1/ServiceEntry": { fields: { metadata, spec: { fields: { ports: { keys: ["name"] } } } } },
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

const none: MergeRule = {};

/** The rule of each item of a list. */
export function itemRule(rule: MergeRule): MergeRule {
  return rule.atomicItems === true ? atomic : rule.fields === undefined ? none : { fields: rule.fields };
}
