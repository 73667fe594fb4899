/** What a fresh cluster gets before anybody else uses it. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { KubeClient } from "../../src/kube/kube-client.ts";
import { kinds } from "../../src/objects/kinds.ts";
import type { KubeObject } from "../../src/objects/meta.ts";
import { eventually } from "../harness/eventually.ts";
import type { Provided } from "./provide.ts";

const run = promisify(execFile);

/** Istio's resource definitions, in effect when this resolves. */
export async function istioCrds({ kubectl, istio }: Provided, kubeconfig: string): Promise<void> {
  const options = { env: { ...process.env, KUBECONFIG: kubeconfig } };
  await run(kubectl, ["apply", "--server-side", "-f", istio!.crds], options);
  await run(kubectl, ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"], options);
}

/** A machine that exists in name only: kwok says that it is ready, and that its pods are. */
export function nodeObject(cluster: string, number: number): KubeObject {
  const name = `${cluster}-${number}`;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "topology.kubernetes.io/region": cluster,
        "topology.kubernetes.io/zone": `${cluster}-${number}`,
      },
    },
  };
}

/** Nodes are ready, and namespaces get what pods need: a cluster that a Deployment can be applied to. */
export async function untilUsable(client: KubeClient, nodes: number): Promise<void> {
  type Node = KubeObject<unknown, { conditions?: { type: string; status: string }[] }>;
  await eventually(async () => {
    const { items } = await client.list<Node>(kinds.Node);
    const ready = items.filter(({ status }) =>
      status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True"),
    );
    if (ready.length < nodes) throw new Error(`${ready.length} of ${nodes} nodes are ready`);
    await client.get(kinds.ServiceAccount, { namespace: "default", name: "default" });
    await client.get(kinds.ConfigMap, { namespace: "default", name: "kube-root-ca.crt" });
  }, 120_000);
}
