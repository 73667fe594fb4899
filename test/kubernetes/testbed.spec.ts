import { existsSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { KubeClient } from "../../src/kube/kube-client.ts";
import type { Deployment } from "../../src/objects/core.ts";
import { kinds } from "../../src/objects/kinds.ts";
import { ownProcesses } from "../../src/process/proc.ts";
import { eventually } from "../harness/eventually.ts";
import { startTestbed, type Testbed } from "../testbed/testbed.ts";

let testbed: Testbed;
let client: KubeClient;
beforeAll(async () => {
  testbed = await startTestbed({ istiods: 2 });
  client = new KubeClient(testbed.clusters[0]!.connection);
});
afterAll(async () => {
  await client.close();
  await testbed.stop();
});

const web: Deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "default" },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "app", image: "example/app:1" }] },
    },
  },
};
const readyReplicas = async (wanted: number) =>
  eventually(async () => {
    const { status } = await client.get<Deployment>(kinds.Deployment, { namespace: "default", name: "web" });
    expect(status).toMatchObject({ readyReplicas: wanted, updatedReplicas: wanted });
  });

test("pods are scheduled and become ready; Kubernetes says which version it is", async () => {
  await client.create(web);
  await readyReplicas(3);
  expect(JSON.parse((await client.raw("/version")).body)).toMatchObject({ major: "1", minor: "36" });
});

test("an API server that crashed comes back with everything, at the same address", async () => {
  const [cluster] = testbed.clusters;
  await cluster!.restart("kube-apiserver", "SIGKILL");
  await client.patch(kinds.Deployment, { namespace: "default", name: "web" }, { spec: { replicas: 5 } }, "merge");
  await readyReplicas(5);
});

test("each istiod knows the cluster's Services, and does so again after its own restart", async () => {
  const [cluster] = testbed.clusters;
  await client.create({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web", namespace: "default" },
    spec: { selector: { app: "web" }, ports: [{ name: "http", port: 80 }] },
  });
  const known = async ({ http }: { http: string }): Promise<string> =>
    (await fetch(`http://${http}/debug/registryz`)).text();
  expect(cluster!.istiods).toHaveLength(2);
  for (const [at, istiod] of cluster!.istiods.entries()) {
    await eventually(async () => expect(await known(istiod)).toContain("web.default.svc.cluster.local"));
    await cluster!.restart(`istiod-${at + 1}`, at === 0 ? "SIGKILL" : "SIGTERM");
    await eventually(async () => expect(await known(istiod)).toContain("web.default.svc.cluster.local"));
  }
});

test("who isn't an administrator may do only what RBAC allows", async () => {
  const [cluster] = testbed.clusters;
  const { cert, key } = await cluster!.clientCertificate("somebody", ["people"]);
  const somebody = new KubeClient({ ...cluster!.connection, cert, key });
  await expect(somebody.list(kinds.Deployment)).rejects.toMatchObject({ status: 403 });
  expect((await somebody.raw("/version")).status).toBe(200);
  await somebody.close();
});

test("stopping leaves no process and no file, however often", async () => {
  expect(ownProcesses(testbed.id).length).toBeGreaterThan(5);
  await testbed.stop();
  expect(ownProcesses(testbed.id)).toEqual([]);
  expect(existsSync(testbed.folder)).toBe(false);
  await testbed.stop();
});
