/** Which proxies there are, asked of each cluster's Kubernetes API. */
import type { KubeClient } from "../kube/kube-client.ts";
import type { Pod } from "../objects/core.ts";
import { kinds } from "../objects/kinds.ts";
import { gatewaySelector, managedLabel, revisionLabel, rootNamespace } from "../render/names.ts";
import type { ProxyTarget } from "../signals/proxy.ts";

const mostPods = 500;

export interface ProxyTargetsOptions {
  /** A cluster that couldn't be asked. */
  failed: (error: unknown) => void;
  /** How long a cluster is waited for, in ms: others have figures meanwhile. */
  patienceMs?: number;
}

/** Of all clusters, which may come and go. One that can't be asked holds no other up: what was known of it stays. */
export function proxyTargets(
  clusters: ReadonlyMap<string, { kube: KubeClient }>,
  { failed, patienceMs = 1_000 }: ProxyTargetsOptions,
): () => Promise<readonly ProxyTarget[]> {
  const known = new Map<string, readonly ProxyTarget[]>();
  const asking = new Map<KubeClient, Promise<void>>();
  const ask = (cluster: string, kube: KubeClient): Promise<void> => {
    const asked =
      asking.get(kube) ??
      targetsIn(cluster, kube)
        .then((targets) => void known.set(cluster, targets), failed)
        .finally(() => asking.delete(kube));
    asking.set(kube, asked);
    return asked;
  };
  return async () => {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, patienceMs)));
    const all = Promise.all([...clusters].map(([cluster, { kube }]) => ask(cluster, kube)));
    await Promise.race([all, patience]);
    clearTimeout(timer);
    return [...clusters.keys()].flatMap((cluster) => known.get(cluster) ?? []);
  };
}

async function targetsIn(cluster: string, kube: KubeClient): Promise<ProxyTarget[]> {
  const [gateways, pods] = await Promise.all([
    kube.list<Pod>(kinds.Pod, {
      namespace: rootNamespace,
      labelSelector: Object.entries(gatewaySelector)
        .map(([name, value]) => `${name}=${value}`)
        .join(","),
      limit: mostPods,
    }),
    kube.list<Pod>(kinds.Pod, { labelSelector: `${managedLabel}=true,${revisionLabel}`, limit: mostPods }),
  ]);
  return [
    ...gateways.items.map((pod) => target(cluster, pod, true)),
    ...pods.items.map((pod) => target(cluster, pod, false)),
  ].filter((one) => one !== undefined);
}

function target(cluster: string, { metadata, status }: Pod, gateway: boolean): ProxyTarget | undefined {
  if (status?.phase !== "Running") return undefined;
  return {
    cluster,
    namespace: metadata.namespace ?? "default",
    pod: metadata.name,
    app: metadata.labels?.app ?? metadata.name,
    revision: gateway ? null : (metadata.labels?.[revisionLabel] ?? null),
    gateway,
  };
}
