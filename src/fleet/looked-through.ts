/** What a namespace is looked through for before it is pruned: with it goes everything that lies in it. */
import { kinds, type Kind } from "../objects/kinds.ts";

/** What Kubernetes itself puts into every namespace, and what goes with its owners. */
const notCounted = new Set<string>(["Event", "EndpointSlice", "Lease", "ReplicaSet"]);

/**
 * What others run there, what they keep, and what they rule there: of an operator's own kinds too, for those mostly come down
 * to these.
 */
const ofOthers = [
  ["v1", "PersistentVolumeClaim", "persistentvolumeclaims"],
  ["apps/v1", "StatefulSet", "statefulsets"],
  ["apps/v1", "DaemonSet", "daemonsets"],
  ["batch/v1", "Job", "jobs"],
  ["batch/v1", "CronJob", "cronjobs"],
  ["networking.k8s.io/v1", "Ingress", "ingresses"],
  ["networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"],
  ["rbac.authorization.k8s.io/v1", "Role", "roles"],
  ["rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings"],
  ["v1", "ResourceQuota", "resourcequotas"],
  ["v1", "LimitRange", "limitranges"],
] as const;

export const lookedThrough: readonly Kind[] = [
  ...Object.values<Kind>(kinds).filter(({ namespaced, kind }) => namespaced && !notCounted.has(kind)),
  ...ofOthers.map(([apiVersion, kind, plural]): Kind => ({
    ...{ apiVersion, kind, plural, singular: kind.toLowerCase(), namespaced: true },
    ...{ shortNames: [], subresources: [], categories: [] },
  })),
];
