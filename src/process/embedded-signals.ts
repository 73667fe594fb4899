import type { KubeClient } from "../kube/kube-client.ts";
import { EmbeddedSource } from "../signals/embedded-source.ts";
import { statsPath } from "../signals/envoy-page.ts";
import type { ProxyTarget } from "../signals/proxy.ts";
import { proxyTargets } from "./proxy-targets.ts";

/** Istio's port of a sidecar's Prometheus page. */
const statsPort = 15090;
const pageMs = 5_000;

/** Golden signals of the clusters, asked of their Envoys through the Kubernetes API. Not started. */
export function embeddedSignals(
  clusters: ReadonlyMap<string, { kube: KubeClient }>,
  failed: (target: ProxyTarget | undefined, error: unknown) => void,
): EmbeddedSource {
  return new EmbeddedSource({
    now: Date.now,
    failed,
    targets: proxyTargets(clusters, { failed: (error) => failed(undefined, error) }),
    scrape: async ({ cluster, namespace, pod }) => {
      const there = clusters.get(cluster);
      if (there === undefined) throw new Error(`${cluster} has left`);
      const { kube } = there;
      return (
        await kube.raw(`/api/v1/namespaces/${namespace}/pods/${pod}:${statsPort}/proxy${statsPath}`, {
          accept: "text/plain",
          timeoutMs: pageMs,
        })
      ).body;
    },
  });
}
