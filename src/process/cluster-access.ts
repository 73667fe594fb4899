import type { ClusterAccess } from "../api/context.ts";
import type { AgentHost } from "../fleet/agent-host.ts";
import type { ClusterLink } from "../fleet/cluster-link.ts";
import { instanceOf } from "../fleet/pod-instance.ts";
import { Problem } from "../model/problem.ts";
import type { Seen } from "../model/rows.ts";
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

/** One whose worker is an agent there: what the agent tells is all that is known. Asking it for more isn't built yet. */
export function agentAccess(
  cluster: string,
  host: Pick<AgentHost, "wanted">,
  seen: () => Seen | undefined,
  now: () => number,
): ClusterAccess {
  const no = (what: string): never => {
    throw new Problem("unsupported", `${cluster} is reached by its agent, through which ${what} can't be had yet.`, {
      found: cluster,
      accepted: "kubectl, with a kubeconfig of your own",
      subject: `Cluster/${cluster}`,
    });
  };
  return {
    kubeconfig: () => no("a kubeconfig"),
    pods: async () => no("logs"),
    instances: async () => no("pods one by one"),
    log: async () => no("logs"),
    status() {
      const {
        applied = 0,
        at = 0,
        error,
        trouble,
        drift = [],
        drifting = 0,
        unhealthy = { count: 0, objects: [] },
      } = seen() ?? {};
      const problem = error ?? trouble;
      return {
        ...{ applied, wanted: host.wanted, pending: 0, failures: [], drift, drifting, unhealthy },
        ageMs: at === 0 ? Infinity : now() - at,
        ...(problem !== undefined && { error: problem }),
      };
    },
  };
}
