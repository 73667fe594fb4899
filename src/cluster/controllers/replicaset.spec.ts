import { expect, it } from "vitest";
import type { Pod, ReplicaSet } from "../../objects/core.ts";
import { podFromTemplate, reconcileReplicaSet } from "./replicaset.ts";

const now = Date.parse("2026-01-02T03:04:05Z");
const set = (replicas: number, minReadySeconds = 0): ReplicaSet => ({
  apiVersion: "apps/v1",
  kind: "ReplicaSet",
  metadata: { name: "web-x", namespace: "shop", uid: "r1", generation: 3 },
  spec: {
    replicas,
    minReadySeconds,
    selector: {},
    template: {
      metadata: { labels: { app: "web" }, annotations: { a: "b" } },
      spec: { containers: [{ name: "web", image: "i" }] },
    },
  },
});
const pod = (
  name: string,
  options: {
    ready?: boolean;
    since?: string;
    phase?: "Running" | "Pending" | "Failed";
    deleted?: boolean;
    restarts?: number;
    created?: string;
  } = {},
): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name,
    creationTimestamp: options.created ?? "2026-01-02T03:00:00Z",
    ...(options.deleted && { deletionTimestamp: "2026-01-02T03:05:00Z" }),
  },
  spec: { containers: [], nodeName: "n" },
  status: {
    phase: options.phase ?? "Running",
    conditions: [
      {
        type: "Ready",
        status: options.ready === false ? "False" : "True",
        lastTransitionTime: options.since ?? "2026-01-02T03:00:00Z",
      },
    ],
    containerStatuses: [{ name: "web", ready: true, restartCount: options.restarts ?? 0, image: "", imageID: "" }],
  },
});

it("creates what is missing; failed and terminating pods don't count", () => {
  const plan = reconcileReplicaSet(set(3), [pod("a"), pod("b", { phase: "Failed" }), pod("c", { deleted: true })], now);
  expect([plan.create, plan.remove]).toEqual([2, []]);
  expect(plan.status).toMatchObject({
    replicas: 1,
    readyReplicas: 1,
    availableReplicas: 1,
    terminatingReplicas: 1,
    observedGeneration: 3,
  });
});

it("removes pending before unready before ready, the often restarted and the young first", () => {
  const pods = [
    pod("old"),
    pod("young", { created: "2026-01-02T03:03:00Z" }),
    pod("flaky", { restarts: 4 }),
    pod("unready", { ready: false }),
    pod("pending", { phase: "Pending", ready: false }),
  ];
  const order = [4, 3, 2, 1, 0].map((replicas) => reconcileReplicaSet(set(replicas), pods, now).remove.at(-1));
  expect(order).toEqual(["pending", "unready", "flaky", "young", "old"]);
});

it("counts a pod as available only after minReadySeconds, and says when to look again", () => {
  const plan = reconcileReplicaSet(set(1, 10), [pod("a", { since: "2026-01-02T03:04:00Z" })], now);
  expect([plan.status.readyReplicas, plan.status.availableReplicas, plan.requeueMs]).toEqual([1, 0, 5000]);
});

it("a ReplicaSet that is being deleted makes no pods", () => {
  const going = { ...set(3), metadata: { ...set(3).metadata, deletionTimestamp: "2026-01-02T03:04:00Z" } };
  expect(reconcileReplicaSet(going, [], now).create).toBe(0);
});

it("makes pods of the template, owned", () => {
  expect(podFromTemplate(set(1), "abcde")).toMatchObject({
    metadata: {
      name: "web-x-abcde",
      namespace: "shop",
      labels: { app: "web" },
      annotations: { a: "b" },
      ownerReferences: [{ kind: "ReplicaSet", uid: "r1", controller: true }],
    },
    spec: { containers: [{ image: "i" }] },
  });
});
