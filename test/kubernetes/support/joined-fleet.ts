import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { expect } from "vitest";
import { KubeClient } from "../../../src/kube/kube-client.ts";
import { kubeconfigFor, type KubeConnection } from "../../../src/kube/kubeconfig.ts";
import { eventually } from "../../harness/eventually.ts";
import { TestFleet } from "../../harness/fleet.ts";
import { startTestbed, type Testbed, type TestbedOptions } from "../../testbed/testbed.ts";

export interface ClusterStatus {
  error?: string;
  uid?: string;
  conditions: { status: string; reason: string }[];
}

/** A fleet beside real clusters of its own, which join it by their documents. */
export interface JoinedFleet {
  fleet: TestFleet;
  testbed: Testbed;
  /** Of each real cluster, an administrator's. */
  real: readonly KubeClient[];
  /** A Cluster that names a context, and how its releases wait. */
  declare(name: string, connection?: object): Promise<{ warnings: { code: string; detail: string }[] }>;
  status(name: string): Promise<ClusterStatus>;
  untilReady(name: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startJoinedFleet(options: TestbedOptions = {}): Promise<JoinedFleet> {
  const testbed = await startTestbed(options);
  const real = testbed.clusters.map(({ connection }) => new KubeClient(connection));
  const stopTestbed = async (): Promise<void> => {
    await Promise.all(real.map((client) => client.close()));
    await testbed.stop();
  };
  let fleet: TestFleet;
  try {
    fleet = await TestFleet.start();
  } catch (error) {
    await stopTestbed();
    throw error;
  }
  const status = async (name: string): Promise<ClusterStatus> =>
    (await fleet.client.get<{ status: ClusterStatus }>(`/api/v1/clusters/${name}`)).status;
  return {
    ...{ fleet, testbed, real, status },
    async declare(name, connection) {
      const body = {
        apiVersion: "quipu.dev/v1",
        kind: "Cluster",
        metadata: { name, labels: { kind: "real" } },
        spec: { region: "pe", unprovenWait: "1s", ...(connection !== undefined && { connection }) },
      };
      return (await fleet.client.call<{ warnings: [] }>("PUT", `/api/v1/clusters/${name}`, { body })).body;
    },
    untilReady: (name) =>
      eventually(async () => expect(await status(name)).toMatchObject({ conditions: [{ status: "True" }] })),
    async stop() {
      await fleet.stop();
      await stopTestbed();
    },
  };
}

/** Writes a kubeconfig with one context into the testbed's folder; its path. */
export function kubeconfigFile({ folder }: Testbed, file: string, context: string, connection: KubeConnection): string {
  const path = join(folder, file);
  writeFileSync(path, stringify(kubeconfigFor(context, connection)), { mode: 0o600 });
  return path;
}
