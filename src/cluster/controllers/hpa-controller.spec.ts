import { expect, it } from "vitest";
import type { Deployment, HorizontalPodAutoscaler, Pod } from "../../objects/core.ts";
import { newStore } from "../api/testing.ts";
import { HpaController, missingRequest } from "./hpa-controller.ts";
import { ObjectIndex } from "./object-index.ts";
import { findCondition } from "./pod-state.ts";
import { storeObjects } from "./store-objects.ts";

it("scales by CPU time between two samples, against the pods' requests", async () => {
  const store = newStore();
  const objects = storeObjects(store, "test");
  const pods = new ObjectIndex<Pod>();
  let now = 1_000_000;
  const used = new Map<string, number>();
  const controller = new HpaController({
    objects,
    pods,
    now: () => now,
    event() {},
    failed: (_key, error) => {
      throw error;
    },
    cpu: () => new Map(used),
  });
  const sync = async (afterMs: number): Promise<void> => {
    now += afterMs;
    controller.sync();
    await new Promise((resolve) => setTimeout(resolve, 5));
  };
  objects.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } });
  objects.create<HorizontalPodAutoscaler>({
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "web", namespace: "shop" },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
      minReplicas: 1,
      maxReplicas: 10,
      metrics: [
        { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } },
      ],
    },
  });
  const hpa = (): HorizontalPodAutoscaler =>
    objects.get<HorizontalPodAutoscaler>("HorizontalPodAutoscaler", "shop", "web")!;
  const replicas = (): number | undefined => objects.get<Deployment>("Deployment", "shop", "web")?.spec?.replicas;
  await sync(0);
  expect(findCondition(hpa().status?.conditions, "AbleToScale")).toMatchObject({
    status: "False",
    message: 'Deployment "web" not found',
  });

  const template = {
    metadata: { labels: { app: "web" } },
    spec: { containers: [{ name: "web", image: "i", resources: { requests: { cpu: "200m" } } }] },
  };
  objects.create<Deployment>({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "shop" },
    spec: { selector: { matchLabels: { app: "web" } }, template },
  });
  const pod = objects.create<Pod>({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web-1", namespace: "shop", labels: { app: "web" } },
    spec: template.spec,
  });
  pods.apply(
    "ADDED",
    objects.updateStatus<Pod>({
      ...pod,
      status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
    }),
  );
  used.set(pod.metadata.uid ?? "", 5000);
  await sync(15_000);
  expect([replicas(), findCondition(hpa().status?.conditions, "ScalingActive")?.status]).toEqual([1, "False"]);

  // 4.5 s of CPU in 15 s: 0.3 cores of 0.2 requested, 150 % for a target of 50.
  used.set(pod.metadata.uid ?? "", 9500);
  await sync(15_000);
  expect(hpa().status).toMatchObject({
    desiredReplicas: 3,
    currentMetrics: [{ resource: { current: { averageUtilization: 150, averageValue: "300m" } } }],
  });
  expect(replicas()).toBe(3);

  // A restarted process counts from zero again; that is no negative use.
  used.set(pod.metadata.uid ?? "", 100);
  await sync(15_000);
  expect(replicas()).toBe(3);
  controller.stop();
  store.close();
});

it("names the pod that requests no CPU", () => {
  const pod = (name: string, cpu?: string): Pod => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: { containers: [{ name: "web", image: "i", ...(cpu && { resources: { requests: { cpu } } }) }] },
  });
  expect(missingRequest([pod("a", "100m")])).toBeUndefined();
  expect(missingRequest([pod("a", "100m"), pod("b")])).toBe(
    "failed to get cpu utilization: missing request for cpu in container web of Pod b",
  );
});
