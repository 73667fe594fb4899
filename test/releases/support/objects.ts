import type { KubeObject } from "../../../src/objects/meta.ts";
import { kinds } from "../../../src/objects/kinds.ts";
import type { TestFleet } from "../../harness/fleet.ts";

/** What a cluster routes by for an app of segment `one`: its VirtualService's spec as text. Empty: there is none. */
export async function routesOf(fleet: TestFleet, cluster: string, app: string, segment = "one"): Promise<string> {
  const kube = fleet.kube(cluster);
  try {
    const found = await kube.find<KubeObject>(kinds.VirtualService, { namespace: segment, name: app });
    return JSON.stringify(found?.spec ?? "");
  } finally {
    await kube.close();
  }
}

/** Names of an app's Deployments in a cluster. */
export async function workloadsOf(fleet: TestFleet, cluster: string, app: string): Promise<string[]> {
  const kube = fleet.kube(cluster);
  try {
    const { items } = await kube.list<KubeObject>(kinds.Deployment, { labelSelector: `app=${app}` });
    return items.map(({ metadata }) => metadata.name).toSorted();
  } finally {
    await kube.close();
  }
}
