/** Real Kubernetes clusters on this machine, with Istio: for tests (`startTestbed`) and by hand (`npm run testbed`). */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kubeconfigFor } from "../../src/kube/kubeconfig.ts";
import { createFolder, removeAbandoned } from "./abandoned.ts";
import { provide } from "./provide.ts";
import { startCluster, type ClusterOptions, type TestbedCluster } from "./testbed-cluster.ts";

export interface TestbedOptions extends Partial<Pick<ClusterOptions, "nodes" | "meshConfig" | "controllers">> {
  /** Default 1. */
  clusters?: number;
  /** Default: with it. */
  istio?: boolean;
  /** Of each cluster; default 1. */
  istiods?: 1 | 2;
}

export interface Testbed {
  /** Named `uno`, `dos`, `tres`, `c4`, … */
  readonly clusters: readonly TestbedCluster[];
  /** One file with a context for each cluster; the first is the current one. */
  readonly kubeconfig: string;
  /** Logs are in `CLUSTER/COMPONENT.log`. It goes with `stop`. */
  readonly folder: string;
  /** What its processes carry as `QUIPU_FLEET`. */
  readonly id: string;
  readonly kubectl: string;
  stop(): Promise<void>;
}

const names = ["uno", "dos", "tres"];
const defaultMesh = { rootNamespace: "istio-system", trustDomain: "quipu.local" };

/** Builds what is missing, which takes minutes, and starts all clusters. Throws `SetupError`, or what a component said last. */
export async function startTestbed(options: TestbedOptions = {}): Promise<Testbed> {
  const {
    clusters: count = 1,
    istio = true,
    istiods = 1,
    nodes = 3,
    meshConfig = defaultMesh,
    controllers = true,
  } = options;
  const provided = await provide({ istio });
  removeAbandoned();
  const { folder, id } = createFolder();
  const settled = await Promise.allSettled(
    Array.from({ length: count }, (_, at) =>
      startCluster(provided, folder, id, {
        ...{ name: names[at] ?? `c${at + 1}`, nodes, meshConfig, controllers },
        istiods: istio ? istiods : 0,
      }),
    ),
  );
  const clusters = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const stop = async (): Promise<void> => {
    await Promise.all(clusters.map((cluster) => cluster.stop()));
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  const failed = settled.find((result) => result.status === "rejected");
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(kubeconfig, `${JSON.stringify(merged(clusters), null, 2)}\n`, { mode: 0o600 });
  return { clusters, kubeconfig, folder, id, kubectl: provided.kubectl, stop };
}

function merged(clusters: readonly TestbedCluster[]): object {
  const configs = clusters.map(({ name, connection }) => kubeconfigFor(name, connection));
  const all = (list: string) => configs.flatMap((config) => config[list] as unknown[]);
  return { ...configs[0], clusters: all("clusters"), users: all("users"), contexts: all("contexts") };
}
