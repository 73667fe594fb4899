import type { Pod } from "../../objects/core.ts";
import type { LastSeen } from "../xds/pod-sessions.ts";
import { knownPod } from "../xds/proxy-node.ts";

/** A proxy that has no stream now, though its Pod is there. */
export interface Disconnected {
  /** The id of its node. */
  id: string;
  namespace: string;
  pod: string;
  serviceAccount: string;
  /** Unix ms; absent: this mesh process hasn't met it. */
  since?: number;
  /** Unix ms: so long may its certificate be good, and others let it in; absent: it can't have been given one. */
  certificateUntil?: number;
}

/**
 * The proxies that have no stream, by id. Left out: Pods without a sidecar, those that are being deleted or have ended.
 * `firstServedAt` (Unix ms): who was there before may have a certificate of an earlier process, good for `ttlMs` from then at most.
 */
export function disconnectedProxies(
  pods: Iterable<Pod>,
  sessions: {
    connected(pod: { namespace: string; podName: string; podUid: string }): boolean;
    lastSeen(podUid: string): LastSeen | undefined;
  },
  { firstServedAt, ttlMs }: { firstServedAt: number; ttlMs: number },
): Disconnected[] {
  const found: Disconnected[] = [];
  for (const pod of pods) {
    const { uid = "", name, namespace = "", creationTimestamp = "" } = pod.metadata;
    if (!hasProxy(pod) || hasEnded(pod) || sessions.connected({ namespace, podName: name, podUid: uid })) continue;
    const last = sessions.lastSeen(uid);
    const older = Date.parse(creationTimestamp) < firstServedAt ? firstServedAt + ttlMs : undefined;
    const certificateUntil = last?.certificateUntil ?? older;
    const role = knownPod(pod).gateway ? "router" : "sidecar";
    found.push({
      id: last?.id ?? `${role}~${pod.status?.podIP ?? ""}~${name}.${namespace}~${namespace}.svc.cluster.local`,
      namespace,
      pod: name,
      serviceAccount: pod.spec?.serviceAccountName ?? "default",
      ...(last !== undefined && { since: last.at }),
      ...(certificateUntil !== undefined && { certificateUntil }),
    });
  }
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** A container of Istio's name for it, a native sidecar among the init containers included. */
function hasProxy({ spec }: Pod): boolean {
  const { initContainers = [] } = (spec ?? {}) as { initContainers?: { name: string }[] };
  return [...(spec?.containers ?? []), ...initContainers].some(({ name }) => name === "istio-proxy");
}

function hasEnded({ metadata, status }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined || status?.phase === "Succeeded" || status?.phase === "Failed";
}
