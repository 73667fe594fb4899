import type { KubeClient } from "../kube/kube-client.ts";
import { kinds } from "../objects/kinds.ts";
import type { Pod } from "../objects/core.ts";
import { gatewaySelector, managedLabel, revisionLabel, rootNamespace } from "../render/names.ts";
import { EmbeddedSource } from "../signals/embedded-source.ts";
import { statsPath } from "../signals/envoy-page.ts";
import type { ProxyTarget } from "../signals/proxy.ts";

/** Istio's port of a sidecar's Prometheus page. */
const statsPort = 15090;
const pageMs = 5_000;
const mostPods = 500;

/** Golden signals of the clusters, asked of their Envoys through the Kubernetes API. Not started. */
export function embeddedSignals(
  clusters: ReadonlyMap<string, { kube: KubeClient }>,
  failed: (target: ProxyTarget | undefined, error: unknown) => void,
): EmbeddedSource {
  return new EmbeddedSource({
    now: Date.now,
    failed,
    targets: async () =>
      (await Promise.all([...clusters].map(([cluster, { kube }]) => targetsIn(cluster, kube)))).flat(),
    scrape: async ({ cluster, namespace, pod }) => {
      const { kube } = clusters.get(cluster)!;
      return (
        await kube.raw(`/api/v1/namespaces/${namespace}/pods/${pod}:${statsPort}/proxy${statsPath}`, {
          accept: "text/plain",
          timeoutMs: pageMs,
        })
      ).body;
    },
  });
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
