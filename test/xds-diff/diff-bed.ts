/** A real cluster that only stores objects, and on it a real istiod and our mesh, both as commands. */
import { KubeClient } from "../../src/kube/kube-client.ts";
import { startClusterMesh } from "../harness/cluster-mesh.ts";
import { startTestbed } from "../testbed/testbed.ts";
import { proxyHttpPort } from "./units.ts";

export interface DiffBed {
  readonly client: KubeClient;
  /** `host:port` of each discovery service, in plain text. */
  readonly istiod: string;
  readonly quipu: string;
  stop(): Promise<void>;
}

const trustDomain = "quipu.local";

export async function startDiffBed(): Promise<DiffBed> {
  const testbed = await startTestbed({
    controllers: false,
    meshConfig: { rootNamespace: "istio-system", trustDomain, proxyHttpPort },
  });
  const [cluster] = testbed.clusters;
  const client = new KubeClient(cluster!.connection);
  try {
    // It believes nodes, as istiod's plain-text port does.
    const options = ["--kubeconfig", cluster!.kubeconfig, "--identity", "node", "--trust-domain", trustDomain];
    const mesh = await startClusterMesh(options);
    return {
      ...{ client, istiod: cluster!.istiods[0]!.grpc, quipu: mesh.address },
      stop: async () => {
        await mesh.stop();
        await client.close();
        await testbed.stop();
      },
    };
  } catch (error) {
    await client.close();
    await testbed.stop();
    throw error;
  }
}
