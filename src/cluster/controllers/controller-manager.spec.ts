import { expect, it } from "vitest";
import type { Deployment, EndpointSlice, HorizontalPodAutoscaler, Pod, ReplicaSet } from "../../objects/core.ts";
import { newStore } from "../api/testing.ts";
import { HollowRuntime } from "../runtime/hollow-runtime.ts";
import { ControllerManager } from "./controller-manager.ts";
import { isReady } from "./pod-state.ts";
import { storeObjects } from "./store-objects.ts";

const settings = {
  fleet: "f",
  cluster: "uno",
  region: "co",
  zone: "co-a",
  network: "127.17",
  home: "/none",
  runDir: "/none",
  portRange: [1, 2] as const,
  localImages: false,
  hollow: true,
};

it("a whole hollow cluster: Deployment, autoscaler, pods, endpoints, budget; and all of it gone again", async () => {
  const store = newStore({ now: () => new Date() });
  const objects = storeObjects(store, "test");
  const errors: unknown[] = [];
  const failed = (_key: string, error: unknown): void => {
    errors.push(error);
  };
  const manager = new ControllerManager({
    objects,
    now: Date.now,
    event() {},
    failed,
    inject: (pod) => pod,
    zone: "co-a",
    rateLimitAddress: "127.17.0.1",
    cpu: () => new Map(),
  });
  const hollow = new HollowRuntime(objects, settings, Date.now, failed);
  hollow.start();
  manager.start();
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 300; i++) await new Promise((resolve) => setImmediate(resolve));
  };

  objects.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } });
  objects.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "quipu-system" } });
  objects.create({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web", namespace: "shop" },
    spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }] },
  });
  objects.create<Deployment>({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "shop" },
    spec: {
      selector: { matchLabels: { app: "web" } },
      template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "x" }] } },
    },
  });
  objects.create<HorizontalPodAutoscaler>({
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "web", namespace: "shop" },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
      minReplicas: 3,
      maxReplicas: 5,
    },
  });
  objects.create({
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: "web", namespace: "shop" },
    spec: { minAvailable: 1, selector: { matchLabels: { app: "web" } } },
  });
  await settle();

  expect(objects.list<Pod>("Pod", "shop").filter(isReady)).toHaveLength(3);
  expect(objects.get<Deployment>("Deployment", "shop", "web")?.status).toMatchObject({
    replicas: 3,
    availableReplicas: 3,
  });
  expect(
    objects
      .list<EndpointSlice>("EndpointSlice", "shop")
      .flatMap((slice) => slice.endpoints)
      .every((endpoint) => endpoint.conditions?.ready),
  ).toBe(true);
  expect(objects.list<EndpointSlice>("EndpointSlice", "shop").flatMap((slice) => slice.endpoints)).toHaveLength(3);
  expect(objects.get("PodDisruptionBudget", "shop", "web")?.status).toMatchObject({
    currentHealthy: 3,
    disruptionsAllowed: 2,
  });
  expect(objects.get("ServiceAccount", "shop", "default")).toBeDefined();
  expect(
    objects.get<EndpointSlice>("EndpointSlice", "quipu-system", "ratelimit-mesh")?.endpoints[0]?.addresses,
  ).toEqual(["127.17.0.1"]);
  const settled = store.revision;
  await settle();
  expect(store.revision).toBe(settled);

  // A deleted pod is replaced, a deleted Deployment takes everything with it.
  const [first] = objects.list<Pod>("Pod", "shop");
  objects.remove("Pod", "shop", first?.metadata.name ?? "");
  await settle();
  expect(objects.list<Pod>("Pod", "shop").filter(isReady)).toHaveLength(3);
  objects.remove("Deployment", "shop", "web");
  await settle();
  expect([objects.list<Pod>("Pod", "shop").length, objects.list<ReplicaSet>("ReplicaSet", "shop").length]).toEqual([
    0, 0,
  ]);
  expect(objects.list<EndpointSlice>("EndpointSlice", "shop").flatMap((slice) => slice.endpoints)).toEqual([]);
  expect(errors).toEqual([]);
  manager.stop();
  hollow.stop();
  store.close();
});
