import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Deployment, Namespace } from "../../src/objects/core.ts";
import { kinds } from "../../src/objects/kinds.ts";
import { eventually } from "../harness/eventually.ts";
import { kubeconfigFile, startJoinedFleet, type JoinedFleet } from "./support/joined-fleet.ts";

let joined: JoinedFleet;
beforeAll(async () => {
  joined = await startJoinedFleet({ clusters: 2 });
});
afterAll(() => joined?.stop());

const gateway = { namespace: "istio-system", name: "istio-ingressgateway" };
const gatewayIn = (cluster: number) => joined.real[cluster]!.find<Deployment>(kinds.Deployment, gateway);
const untilSaid = (name: string, words: string | RegExp) =>
  eventually(async () => expect((await joined.status(name)).error).toMatch(words));

test("what is wrong with a kubeconfig is told at the cluster; it joins as soon as that is right", async () => {
  const { declare, fleet, testbed, untilReady } = joined;
  const [uno] = testbed.clusters;
  const path = join(testbed.folder, "lent");
  await declare("uno", { kubeconfig: { context: "a", path } });
  await untilSaid(
    "uno",
    `spec.connection.kubeconfig.path: ${path} can't be read on the server's machine: there is no such`,
  );
  mkdirSync(path);
  await untilSaid("uno", "it is a folder");
  rmSync(path, { recursive: true });
  kubeconfigFile(testbed, "lent", "b", uno!.connection);
  await untilSaid("uno", '"a", which isn\'t in contexts');
  expect((await fleet.cli("get", "clusters")).stdout).toMatch(/uno .*NotSeen.*"a", which isn't in contexts/);
  kubeconfigFile(testbed, "lent", "a", uno!.connection);
  await untilReady("uno");
  expect((await fleet.cli("get", "cluster", "uno")).stdout).toMatch(/uno .*yes/);
  await eventually(async () => expect(await gatewayIn(0)).toBeDefined());
  // The way in was lent to the server alone.
  const refused = await fleet.cli("cluster", "kubeconfig", "uno");
  expect(refused.stderr).toContain("isn't given away");
  expect(refused.code).not.toBe(0);
});

test("two Clusters of one API server: the second is left alone and says whose it is, whatever they call it", async () => {
  const { declare, fleet, testbed, status, untilReady } = joined;
  const [uno] = testbed.clusters;
  const path = kubeconfigFile(testbed, "again", "other", {
    ...uno!.connection,
    server: uno!.connection.server.replace("127.0.0.1", "localhost"),
  });
  await declare("copy", { kubeconfig: { context: "other", path } });
  await untilSaid("copy", /the same cluster as uno/);
  const embedded = join(fleet.home, "clusters/bogota/kubeconfig");
  const { stdout } = await fleet.cli("cluster", "kubeconfig", "bogota");
  const context = /current-context: "?([^"\n]+)/.exec(stdout)![1]!;
  await declare("copy", { kubeconfig: { context, path: embedded } });
  await untilSaid("copy", /the same cluster as bogota/);
  expect(await status("copy")).not.toHaveProperty("uid");
  await untilReady("uno");
  await fleet.client.call("DELETE", "/api/v1/clusters/copy");
});

test("credentials that are renewed in the kubeconfig are taken up while the server runs", async () => {
  const { declare, testbed, untilReady } = joined;
  const [uno] = testbed.clusters;
  const short = await uno!.clientCertificate("short", ["system:masters"], { now: Date.now(), ttlMs: 8_000 });
  const path = kubeconfigFile(testbed, "rotated", "a", { ...uno!.connection, ...short });
  await declare("uno", { kubeconfig: { context: "a", path } });
  await untilReady("uno");
  await eventually(async () => {
    // Something to do there, so that the certificate is shown again.
    await joined.real[0]!.delete(kinds.Deployment, gateway);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect((await joined.status("uno")).error).toMatch(/certificate has expired/);
  });
  kubeconfigFile(testbed, "rotated", "a", uno!.connection);
  await untilReady("uno");
  await eventually(async () => expect(await gatewayIn(0)).toBeDefined());
});

test("a context with another name leads on with the same cluster; one that leads to another cluster is refused", async () => {
  const { declare, fleet, testbed, status, untilReady, real } = joined;
  const [uno, dos] = testbed.clusters;
  const before = await gatewayIn(0);
  const { uid } = await status("uno");
  const path = kubeconfigFile(testbed, "renamed", "another-name", uno!.connection);
  await declare("uno", { kubeconfig: { context: "another-name", path } });
  await untilReady("uno");
  expect((await gatewayIn(0))?.metadata.uid).toBe(before?.metadata.uid);

  kubeconfigFile(testbed, "renamed", "another-name", dos!.connection);
  await untilSaid("uno", /another cluster than before/);
  expect(await gatewayIn(1)).toBeUndefined();
  const there = await real[1]!.get<Namespace>(kinds.Namespace, { name: "kube-system" });
  await declare("uno", { kubeconfig: { context: "another-name", path }, uid: there.metadata.uid });
  await untilReady("uno");
  expect((await status("uno")).uid).toBe(there.metadata.uid);
  expect(there.metadata.uid).not.toBe(uid);
  await eventually(async () => expect(await gatewayIn(1)).toBeDefined());
  expect((await gatewayIn(0))?.metadata.uid).toBe(before?.metadata.uid);
  expect((await fleet.cli("describe", "cluster", "uno")).stdout).toContain(`uid: ${there.metadata.uid}`);
});

test("a cluster that leaves keeps what it has, untouched, and that is said; when it comes back it is healed", async () => {
  const { declare, testbed, real, untilReady, status } = joined;
  const { warnings } = await declare("uno");
  expect(warnings).toMatchObject([{ code: "objects-stay", detail: expect.stringMatching(/\d+ objects.*they stay/) }]);
  await untilSaid("uno", /it has left/);
  await real[1]!.delete(kinds.ServiceAccount, { namespace: "istio-system", name: "istio-ingressgateway" });
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const account = () => real[1]!.find(kinds.ServiceAccount, gateway);
  expect(await account()).toBeUndefined();
  expect(await gatewayIn(1)).toBeDefined();

  await declare("uno", { kubeconfig: { context: "dos", path: testbed.kubeconfig } });
  await untilReady("uno");
  await eventually(async () => expect(await account()).toBeDefined());
  const { warnings: last } = (await joined.fleet.client.call<{ warnings: object[] }>("DELETE", "/api/v1/clusters/uno"))
    .body;
  expect(last).toMatchObject([{ code: "objects-stay" }]);
  await expect(status("uno")).rejects.toThrow();
  expect(await gatewayIn(1)).toBeDefined();
});
