import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { KubeClient } from "../../src/kube/kube-client.ts";
import type { KubeConnection } from "../../src/kube/kube-connection.ts";
import { writeKubeconfig } from "../../test/testbed/credentials.ts";
import { istioCrds } from "../../test/testbed/first-objects.ts";
import { provide } from "../../test/testbed/provide.ts";
import { startTestbed } from "../../test/testbed/testbed.ts";

/** Who is measured. Not an administrator, whose requests no limit of the API counts. */
export type User = "bench-worker" | "bench-kubectl";

export interface Meter {
  /** Requests that the API took up since it started, watches too, retries too. */
  requests: number;
  /** Processor time since their start, in ms. */
  apiserverMs: number;
  etcdMs: number;
}

/** A fresh kube-apiserver with Istio's resource definitions, and nobody else on it: no controllers, so no pods either. */
export interface Place {
  admin: KubeClient;
  folder: string;
  kubectl: string;
  connection: KubeConnection;
  kubeconfig: string;
  meter(): Promise<Meter>;
  stop(): Promise<void>;
}

export async function openPlace(user: User): Promise<Place> {
  const provided = await provide({ istio: true });
  const testbed = await startTestbed({ istio: false, controllers: false });
  const [one] = testbed.clusters as [(typeof testbed.clusters)[0]];
  const admin = new KubeClient(one.connection);
  const stop = async (): Promise<void> => {
    await admin.close();
    await testbed.stop();
  };
  try {
    await istioCrds(provided, one.kubeconfig);
    await applyText(
      provided.kubectl,
      one.kubeconfig,
      JSON.stringify({ apiVersion: "v1", kind: "List", items: marks(user) }),
    );
    const { server, ca = "" } = one.connection;
    const connection = { server, ca, ...(await one.clientCertificate(user)) };
    const kubeconfig = join(testbed.folder, `${user}.kubeconfig`);
    writeKubeconfig(kubeconfig, user, connection);
    const pidOf = (component: string): number => one.components.get(component)!.pid!;
    const meter = async (): Promise<Meter> => ({
      requests: dispatched((await admin.raw("/metrics")).body, user),
      apiserverMs: processorMs(pidOf("kube-apiserver")),
      etcdMs: processorMs(pidOf("etcd")),
    });
    await untilCounted(connection, meter);
    return { admin, folder: testbed.folder, kubectl: provided.kubectl, connection, kubeconfig, meter, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Utime and stime of a process (proc_pid_stat(5)), whose unit is 1/100 s on every Linux that Node runs on. */
export function processorMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** May do everything, and its requests are counted apart: as everybody's, they belong to the level `global-default`. */
function marks(user: User): object[] {
  const subject = { kind: "User", name: user, apiGroup: "rbac.authorization.k8s.io" };
  return [
    {
      ...{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRoleBinding", metadata: { name: user } },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
      subjects: [subject],
    },
    {
      ...{ apiVersion: "flowcontrol.apiserver.k8s.io/v1", kind: "FlowSchema", metadata: { name: user } },
      spec: {
        matchingPrecedence: 2,
        priorityLevelConfiguration: { name: "global-default" },
        distinguisherMethod: { type: "ByUser" },
        rules: [
          {
            subjects: [{ kind: "User", user: { name: user } }],
            resourceRules: [
              { verbs: ["*"], apiGroups: ["*"], resources: ["*"], namespaces: ["*"], clusterScope: true },
            ],
            nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
          },
        ],
      },
    },
  ];
}

/** Of the API's own metrics, that which tells requests apart by who makes them, and counts them as they begin. */
function dispatched(metrics: string, user: User): number {
  const lines = metrics
    .split("\n")
    .filter(
      (line) => line.startsWith("apiserver_flowcontrol_dispatched_requests_total{") && line.includes(`"${user}"`),
    );
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

/** The API learns of a FlowSchema by and by. */
async function untilCounted(connection: KubeConnection, meter: () => Promise<Meter>): Promise<void> {
  const client = new KubeClient(connection);
  try {
    for (let tries = 0; tries < 100; tries++) {
      await client.raw("/api");
      if ((await meter()).requests > 0) return;
      await delay(200);
    }
    throw new Error("the API doesn't count this user's requests apart");
  } finally {
    await client.close();
  }
}

function applyText(kubectl: string, kubeconfig: string, text: string): Promise<void> {
  return new Promise((done, fail) => {
    const child = execFile(kubectl, ["--kubeconfig", kubeconfig, "apply", "--server-side", "-f", "-"], (error) =>
      error === null ? done() : fail(error),
    );
    child.stdin!.end(text);
  });
}
