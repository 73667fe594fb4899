/** Ways to the istiods of a cluster: by its API, or by URLs that its document names. */
import { request } from "undici";
import { IstiodsUnknown, type IstiodAccess } from "../istiod/access.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import { KubeError } from "../kube/kube-error.ts";
import type { Cluster } from "../model/cluster.ts";
import type { Pod } from "../objects/core.ts";
import { kinds } from "../objects/kinds.ts";
import { rootNamespace } from "../render/names.ts";

const timeoutMs = 5000;
/** Its Prometheus page and, unless forbidden, its debug pages. */
const monitoringPort = 15014;

export function istiodAccess(kube: KubeClient, istiod: Cluster["spec"]["istiod"] = {}): IstiodAccess {
  return istiod.urls === undefined ? byPods(kube, istiod) : byUrls(istiod.urls);
}

/** By the API's way to a pod's port. A pod that isn't ready counts as well: proxies may be connected to it. */
function byPods(
  kube: KubeClient,
  { namespace = rootNamespace, port = monitoringPort }: NonNullable<Cluster["spec"]["istiod"]>,
): IstiodAccess {
  /** There have been some, by whose debug pages steps may have been proven: that they are gone is an outage. */
  let found = false;
  return {
    async replicas() {
      const { items } = await kube.listAll<Pod>(kinds.Pod, { namespace, labelSelector: "app=istiod" }).catch(refused);
      const running = items.filter(
        ({ status }) => status?.podIP !== undefined && status.phase !== "Succeeded" && status.phase !== "Failed",
      );
      found ||= items.length > 0;
      if (running.length === 0 && found)
        throw new Error(
          items.length === 0
            ? `the pods in ${namespace} with the label app=istiod are gone; spec.istiod.urls may name istiods elsewhere`
            : `none of the ${items.length} pods in ${namespace} with the label app=istiod runs`,
        );
      if (running.length === 0)
        throw new IstiodsUnknown(
          `no pod in ${namespace} has the label app=istiod; spec.istiod.urls may name istiods elsewhere`,
        );
      return running.map(({ metadata }) => metadata.name);
    },
    async get(replica, path) {
      const [page = "", search = ""] = path.split("?");
      try {
        return await kube.raw(`/api/v1/namespaces/${namespace}/pods/${replica}:${port}/proxy${page}`, {
          query: Object.fromEntries(new URLSearchParams(search)),
          timeoutMs,
        });
      } catch (error) {
        // 404 by the API itself: the pod has just gone.
        if (!(error instanceof KubeError) || error.status === 0 || error.status >= 500 || error.reason === "NotFound")
          throw new Error(`${replica} doesn't answer: ${(error as Error).message}`, { cause: error });
        return { status: error.status, body: error.message };
      }
    },
  };
}

function byUrls(urls: readonly string[]): IstiodAccess {
  return {
    replicas: () => Promise.resolve(urls),
    async get(replica, path) {
      try {
        const { statusCode, body } = await request(`${replica.replace(/\/$/, "")}${path}`, {
          headersTimeout: timeoutMs,
          bodyTimeout: timeoutMs,
        });
        return { status: statusCode, body: await body.text() };
      } catch (error) {
        throw new Error(`${replica} doesn't answer: ${(error as Error).message}`, { cause: error });
      }
    },
  };
}

function refused(error: unknown): never {
  if (error instanceof KubeError && error.status === 403)
    throw new IstiodsUnknown(`the cluster doesn't let the server look for its istiods: ${error.message}`);
  throw error;
}
