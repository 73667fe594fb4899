import { expect, it } from "vitest";
import type { KubeClient } from "../kube/kube-client.ts";
import { KnownPods, queriesOf } from "./known-pods.ts";

const app = (name: string, namespace = "money") => ({ namespace, labels: { app: name } });

it("pods of several apps are one list, of a hundred apps at most", () => {
  expect(queriesOf([app("a"), app("b"), app("a"), app("c", "food")])).toEqual([
    { namespace: "money", labelSelector: "app in (a,b)" },
    { namespace: "food", labelSelector: "app in (c)" },
  ]);
  const many = Array.from({ length: 250 }, (_, at) => app(`a${at}`));
  expect(queriesOf(many).map(({ labelSelector }) => labelSelector!.split(",").length)).toEqual([100, 100, 50]);
});

it("a whole namespace has them all; other labels are asked for as they are", () => {
  const gateways = { namespace: "istio-system", labels: { istio: "ingressgateway", app: "x" } };
  expect(queriesOf([app("a"), { namespace: "money", labels: {} }, gateways])).toEqual([
    { namespace: "money" },
    { namespace: "istio-system", labelSelector: "istio=ingressgateway,app=x" },
  ]);
});

it("what is known of a pod goes when nobody is connected for it any more: pods come and go for as long as the server runs", async () => {
  let asked: string[] = [];
  const kube = {
    listAll: async () => ({ items: [], resourceVersion: "1" }),
    find: async (_: unknown, { name }: { name: string }) => {
      asked.push(name);
      return { metadata: { name, namespace: "money", labels: { app: "a" } } };
    },
  } as unknown as KubeClient;
  const pods = new KnownPods(kube);
  const ask = async (...connected: string[]): Promise<string[]> => {
    asked = [];
    await pods.workloads([app("a")], connected);
    return asked;
  };
  expect(await ask("a-1.money", "a-2.money")).toEqual(["a-1", "a-2"]);
  expect(await ask("a-1.money", "a-2.money")).toEqual([]);
  expect(await ask("a-2.money", "a-3.money")).toEqual(["a-3"]);
  expect(pods.remembered).toBe(2);
});
