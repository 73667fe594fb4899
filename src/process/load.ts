import { readFileSync } from "node:fs";
import { join } from "node:path";
import { KubeClient } from "../kube/kube-client.ts";
import { connectionFromKubeconfig } from "../kube/kubeconfig.ts";
import type { Pod } from "../objects/core.ts";
import { kinds } from "../objects/kinds.ts";
import { Child } from "./child.ts";
import { clusterFolder } from "./configs.ts";
import { checkout, type FleetFile } from "./home.ts";
import { ownProcesses } from "./proc.ts";

/** Requests a second in each cluster, and for how long: enough to see figures move, little enough to leave a laptop cool. */
export const demoLoad = { rate: 10, minutes: 240 };

/** Starts customers of the super-app, who come in through every cluster's ingress gateway. */
export async function startLoad(home: string, fleet: FleetFile, say: (text: string) => void): Promise<Child[]> {
  const running = ownProcesses(fleet.id);
  return Promise.all(
    fleet.clusters.map(async ({ name }) => {
      const child = new Child(
        {
          role: `load/${name}`,
          command: [process.execPath, join(checkout, "examples/superapp/load/index.mjs")],
          env: {
            ...process.env,
            QUIPU_FLEET: fleet.id,
            QUIPU_ROLE: `load/${name}`,
            LOAD_URL: `http://${await gatewayOf(home, name)}`,
            LOAD_HOST: "shop.example",
            LOAD_RATE: String(demoLoad.rate),
            LOAD_MINUTES: String(demoLoad.minutes),
          },
          log: join(home, `logs/load-${name}.log`),
          once: true,
        },
        say,
      );
      // A supervisor that was killed leaves its customers behind.
      const left = running.find(({ role }) => role === child.spec.role);
      if (left === undefined) child.start();
      else child.adopt(left.pid, left.startTime);
      return child;
    }),
  );
}

async function gatewayOf(home: string, cluster: string): Promise<string> {
  const kube = new KubeClient(
    connectionFromKubeconfig(readFileSync(join(clusterFolder(home, cluster), "kubeconfig"), "utf8")),
  );
  try {
    const { items } = await kube.list<Pod>(kinds.Pod, {
      namespace: "istio-system",
      labelSelector: "istio=ingressgateway",
    });
    const ip = items.find(({ status }) => status?.podIP !== undefined)?.status?.podIP;
    if (ip === undefined) throw new Error(`cluster ${cluster} has no ingress gateway`);
    return `${ip}:8080`;
  } finally {
    await kube.close();
  }
}
