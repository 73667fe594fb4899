import type { ClusterAccess } from "../api/context.ts";
import type { ClusterLink } from "../fleet/cluster-link.ts";
import { instanceOf } from "../fleet/pod-instance.ts";
import type { Pod } from "../objects/core.ts";
import { kinds } from "../objects/kinds.ts";
import { revisionLabel } from "../render/names.ts";

/** More pods than these are nothing that anybody reads one by one. */
const mostInstances = 500;

/** One cluster for the API's routes: its pods and logs through its own Kubernetes API. */
export function clusterAccess(
  cluster: string,
  { kube, worker }: Pick<ClusterLink, "kube" | "worker">,
  kubeconfig: () => string,
): ClusterAccess {
  return {
    kubeconfig,
    status: () => worker.status(),
    async pods(namespace, app, revision) {
      const labelSelector = [`app=${app}`, ...(revision === undefined ? [] : [`${revisionLabel}=${revision}`])].join(
        ",",
      );
      return (await kube.listAll<Pod>(kinds.Pod, { namespace, labelSelector })).items.map(
        ({ metadata }) => metadata.name,
      );
    },
    async instances(namespace, app) {
      const { items } = await kube.list<Pod>(kinds.Pod, {
        namespace,
        labelSelector: `app=${app}`,
        limit: mostInstances,
      });
      return items.map((pod) => instanceOf(cluster, pod));
    },
    log: (namespace, pod, { container, follow, tailLines, previous }, signal) =>
      kube.rawStream(`/api/v1/namespaces/${namespace}/pods/${pod}/log`, {
        query: { container, tailLines, ...(follow && { follow }), ...(previous && { previous }) },
        signal,
      }),
  };
}
