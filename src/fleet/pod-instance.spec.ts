import { expect, test } from "vitest";
import type { Pod, PodStatus } from "../objects/core.ts";
import { instanceOf } from "./pod-instance.ts";

const pod = (status: PodStatus, more: Partial<Pod["metadata"]> = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "catalog-r2-x",
    namespace: "food",
    labels: { app: "catalog", "quipu.dev/revision": "r2" },
    ...more,
  },
  status,
});
const condition = (status: "True" | "False") => [{ type: "Ready", status }] as NonNullable<PodStatus["conditions"]>;
const container = (more: object) =>
  [{ name: "app", ready: false, restartCount: 3, image: "", imageID: "", ...more }] as NonNullable<
    PodStatus["containerStatuses"]
  >;

test("ready", () => {
  expect(
    instanceOf(
      "bogota",
      pod({ phase: "Running", conditions: condition("True"), startTime: "2026-01-01T00:00:00Z", podIP: "127.17.3.1" }),
    ),
  ).toEqual({
    cluster: "bogota",
    pod: "catalog-r2-x",
    revision: "r2",
    state: "ready",
    restarts: 0,
    startedAt: "2026-01-01T00:00:00Z",
    ip: "127.17.3.1",
  });
});

test("crashing, with the reason and the restarts", () => {
  expect(
    instanceOf(
      "bogota",
      pod({
        phase: "Running",
        conditions: condition("False"),
        containerStatuses: container({
          state: { waiting: { reason: "CrashLoopBackOff" } },
          lastState: { terminated: { exitCode: 1 } },
        }),
      }),
    ),
  ).toMatchObject({
    state: "not ready",
    restarts: 3,
    reason: expect.stringContaining("exited with code 1") as string,
  });
});

test("starting, stopping, ended", () => {
  expect(instanceOf("b", pod({ phase: "Pending" }))).toMatchObject({ state: "starting" });
  const stopping = instanceOf(
    "b",
    pod({ phase: "Running", conditions: condition("True") }, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
  );
  expect(stopping.state).toBe("stopping");
  expect(stopping.reason).toBeUndefined();
  expect(instanceOf("b", pod({ phase: "Failed" })).state).toBe("ended");
});
