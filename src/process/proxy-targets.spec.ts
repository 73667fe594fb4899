import { expect, test } from "vitest";
import type { KubeClient } from "../kube/kube-client.ts";
import { proxyTargets } from "./proxy-targets.ts";

const pod = (name: string) => ({
  metadata: { name, namespace: "money", labels: { app: "orders", "quipu.dev/revision": "r1" } },
  status: { phase: "Running" },
});
/** Whose pods are what `list` says; gateways: none. */
function cluster(list: () => Promise<string[]>): { kube: KubeClient } {
  const items = async (labelSelector: string) =>
    labelSelector.includes("ingressgateway") ? [] : (await list()).map(pod);
  const kube = {
    list: async (_: object, options: { labelSelector: string }) => ({ items: await items(options.labelSelector) }),
  };
  return { kube: kube as unknown as KubeClient };
}
const names = async (targets: () => Promise<readonly { cluster: string; pod: string }[]>) =>
  (await targets()).map(({ cluster: where, pod: one }) => `${where}/${one}`).toSorted();

test("a cluster that can't be asked, or doesn't answer, holds no other up; what was known of it stays", async () => {
  const pods: Record<string, () => Promise<string[]>> = {
    bogota: async () => ["a"],
    lima: async () => ["x"],
    quito: async () => ["y"],
  };
  const clusters = new Map(Object.keys(pods).map((name) => [name, cluster(() => pods[name]!())]));
  const failed: unknown[] = [];
  const targets = proxyTargets(clusters, { failed: (error) => failed.push(error), patienceMs: 20 });
  expect(await names(targets)).toEqual(["bogota/a", "lima/x", "quito/y"]);

  const refused = new Error("the API doesn't know the kubeconfig's token");
  let answer = (_: string[]): void => undefined;
  let asked = 0;
  pods.bogota = async () => ["a", "b"];
  pods.lima = () => Promise.reject(refused);
  pods.quito = () => {
    asked++;
    return new Promise((resolve) => (answer = resolve));
  };
  expect(await names(targets)).toEqual(["bogota/a", "bogota/b", "lima/x", "quito/y"]);
  expect(failed).toEqual([refused]);
  // Asked once, whatever comes of it; the answer counts when it is there.
  expect(await names(targets)).toContain("quito/y");
  expect(asked).toBe(1);
  answer(["z"]);
  pods.quito = async () => ["z"];
  await expect.poll(() => names(targets)).toEqual(["bogota/a", "bogota/b", "lima/x", "quito/z"]);

  clusters.delete("lima");
  expect(await names(targets)).toEqual(["bogota/a", "bogota/b", "quito/z"]);
});
