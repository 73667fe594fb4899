/** A release on a real cluster with two istiods: its receipts, and a proxy that holds it back. */
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { KubeClient } from "../../src/kube/kube-client.ts";
import type { Pod } from "../../src/objects/core.ts";
import { kinds } from "../../src/objects/kinds.ts";
import { eventually } from "../harness/eventually.ts";
import { TestFleet } from "../harness/fleet.ts";
import { startTestbed, type Testbed } from "../testbed/testbed.ts";
import { AdsProxy } from "./support/ads-proxy.ts";

let testbed: Testbed;
let fleet: TestFleet;
let real: KubeClient;
const proxies: AdsProxy[] = [];
beforeAll(async () => {
  testbed = await startTestbed({ istiods: 2 });
  real = new KubeClient(testbed.clusters[0]!.connection);
  fleet = await TestFleet.start();
});
afterAll(async () => {
  for (const proxy of proxies) proxy.close();
  await fleet?.stop();
  await real?.close();
  await testbed?.stop();
});

const namespace = "market";
const put = (path: string, kind: string, name: string, spec: object, labels = {}) =>
  fleet.client.call("PUT", `/api/v1/${path}/${name}`, {
    body: { apiVersion: "quipu.dev/v1", kind, metadata: { name, labels }, spec },
  });
const app = (calls: object[] = []) => ({
  ...{ team: "testers", segment: namespace, calls },
  workload: { replicas: { min: 2, max: 2 }, drain: "1s" },
  placement: { clusters: { matchLabels: { kind: "real" } } },
  rollout: { steps: [{ weight: 50, hold: "0s" }] },
});
const deploy = (name: string, tag: string) =>
  fleet.client.call("POST", `/api/v1/apps/${name}/deploys`, { body: { image: `registry.example/${name}:${tag}` } });
const release = (name: string) =>
  fleet.client.get<{ status: { phase: string; reason?: string } }>(`/api/v1/releases/${name}`);
const finished = (name: string) =>
  eventually(async () => expect((await release(name)).status).toMatchObject({ phase: "finished" }), 240_000);
const view = async (number: number) =>
  JSON.stringify(await fleet.client.get<object>(`/api/v1/apps/checkout/releases/${number}`));

/** Of the two pods that call: each has an istiod of its own. */
async function callerOn(at: 0 | 1): Promise<AdsProxy> {
  const { metadata, status } = await eventually(async () => {
    const { items } = await real.list<Pod>(kinds.Pod, { namespace, labelSelector: "app=shop" });
    const running = items.filter((pod) => pod.status?.podIP !== undefined);
    expect(running).toHaveLength(2);
    return running[at]!;
  });
  const pod = { pod: metadata.name, namespace, ip: status!.podIP!, labels: metadata.labels ?? {} };
  return new AdsProxy(testbed.clusters[0]!.istiods[at]!.grpc, pod);
}
/** Of each caller, whether it has any of a revision. */
const has = (revision: string): boolean[] =>
  proxies.map(({ inService }) => [...inService.cds.keys()].some((name) => name.includes(`|${revision}|`)));
/** Nothing is sent to a new revision while a caller isn't known to know it. */
async function staysOut(name: string, revision: string): Promise<void> {
  const until = Date.now() + 5000;
  while (Date.now() < until) {
    expect((await release(name)).status.phase).not.toBe("finished");
    const routes = await real.get<{ spec?: object } & Pod>(kinds.VirtualService, { namespace, name: "checkout" });
    expect(JSON.stringify(routes.spec)).not.toContain(`"subset":"${revision}"`);
    await delay(250);
  }
}

test("each step of a release waits for every caller's proxy, whichever istiod it is connected to, and its receipt says so", async () => {
  const urls = testbed.clusters[0]!.istiods.map(({ monitoring }) => `http://${monitoring}`);
  const connection = { kubeconfig: { context: "uno", path: testbed.kubeconfig } };
  await put(
    "clusters",
    "Cluster",
    "uno",
    { region: "pe", connection, istiod: { urls }, unprovenWait: "3s" },
    { kind: "real" },
  );
  await put("teams", "Team", "testers", {});
  await put("segments", "Segment", namespace, {});
  await put("apps", "App", "checkout", app());
  await put("apps", "App", "shop", app([{ app: "checkout" }]));
  await deploy("checkout", "one");
  await finished("checkout-r1");
  await deploy("shop", "one");
  await finished("shop-r1");

  proxies.push(await callerOn(0), await callerOn(1));
  await eventually(() => {
    for (const { inService } of proxies) expect([...inService.rds.keys()]).toContain("80");
  });

  const [, slow] = proxies;
  slow!.answer = (type) => (type === "cds" ? "hold" : "ack");
  await deploy("checkout", "two");
  await eventually(async () => expect(await view(2)).toContain(`${slow!.id} lacks Cluster`), 120_000);
  await staysOut("checkout-r2", "r2");
  slow!.release();
  await finished("checkout-r2");
  const told = await view(2);
  expect(told).toContain("of 2 proxies, by 2 istiods");
  // Of routes istiod tells no version.
  expect(told).toContain("unproven: waited 3s since istiod knew it");
  expect(has("r1")).toEqual([false, false]);
});

test("an istiod that crashes half-way: what the other one's proxies have isn't enough; it comes back, its proxies too, and the release ends", async () => {
  const istiod = testbed.clusters[0]!.components.get("istiod-1")!;
  const [lost, slow] = proxies;
  slow!.answer = (type) => (type === "cds" ? "hold" : "ack");
  await deploy("checkout", "three");
  await eventually(async () => expect(await view(3)).toContain(`${slow!.id} lacks Cluster`), 120_000);
  await istiod.stop("SIGKILL");
  await lost!.ended;
  slow!.release();
  await eventually(async () => expect(await view(3)).toContain("doesn't answer"), 120_000);
  await staysOut("checkout-r3", "r3");
  await istiod.start();
  lost!.close();
  proxies[0] = await callerOn(0);
  await finished("checkout-r3");
  expect(await view(3)).toContain("of 2 proxies, by 2 istiods");
  expect(has("r3")).toEqual([true, true]);
  expect(has("r2")).toEqual([false, false]);
});
