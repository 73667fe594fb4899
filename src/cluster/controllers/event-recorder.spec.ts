import { expect, it } from "vitest";
import { newStore } from "../api/testing.ts";
import { eventRecorder, type EventObject } from "./event-recorder.ts";
import { storeObjects } from "./store-objects.ts";

it("counts what happens again, and writes it now and then only", () => {
  const store = newStore();
  const objects = storeObjects(store, "kubelet");
  let now = Date.parse("2026-01-01T00:00:00Z");
  const record = eventRecorder(objects, "kubelet", () => now);
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "p", namespace: "default", uid: "u" } };
  const unhealthy = (): void => record(pod, "Warning", "Unhealthy", "Readiness probe failed");
  const counts = (): number[] => objects.list<EventObject>("Event").map(({ count }) => count);
  unhealthy();
  unhealthy();
  now += 1000;
  unhealthy();
  expect(counts()).toEqual([1]);
  now += 5000;
  unhealthy();
  expect(counts()).toEqual([4]);
  expect(objects.list<EventObject>("Event")[0]).toMatchObject({
    involvedObject: { kind: "Pod", name: "p", namespace: "default", uid: "u" },
    firstTimestamp: "2026-01-01T00:00:00Z",
    lastTimestamp: "2026-01-01T00:00:06Z",
    source: { component: "kubelet" },
  });
  record({ ...pod, metadata: { ...pod.metadata, uid: "v" } }, "Warning", "Unhealthy", "Readiness probe failed");
  expect(counts().toSorted()).toEqual([1, 4]);
  store.close();
});
