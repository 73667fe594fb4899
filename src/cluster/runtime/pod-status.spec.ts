import { expect, it } from "vitest";
import type { Pod } from "../../objects/core.ts";
import { findCondition } from "../controllers/pod-state.ts";
import { podStatus, type ContainerView } from "./pod-status.ts";

const now = Date.parse("2026-01-02T03:04:05Z");
const pod = (spec: Partial<Pod["spec"]> = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p" },
  spec: { containers: [], ...spec },
});
const view = (change: Partial<ContainerView> = {}): ContainerView => ({
  name: "app",
  image: "i",
  imageID: "i",
  state: { running: { startedAt: "x" } },
  lastState: undefined,
  restartCount: 0,
  started: true,
  ready: true,
  ...change,
});
const status = (containers: ContainerView[], of = pod()) =>
  podStatus(of, { ip: "127.17.1.1", hostIP: "127.17.0.1" }, containers, now);
const waiting: ContainerView["state"] = { waiting: { reason: "ContainerCreating" } };

it("is ready when all containers are", () => {
  expect(status([view(), view({ name: "istio-proxy" })])).toMatchObject({
    phase: "Running",
    podIP: "127.17.1.1",
    podIPs: [{ ip: "127.17.1.1" }],
    hostIP: "127.17.0.1",
    startTime: "2026-01-02T03:04:05Z",
  });
  expect(findCondition(status([view()]).conditions, "Ready")).toMatchObject({
    status: "True",
    lastTransitionTime: "2026-01-02T03:04:05Z",
  });
});
it("names the containers that aren't ready, and why", () => {
  const ready = findCondition(
    status([view(), view({ name: "istio-proxy", ready: false, message: "sidecar waits for its configuration" })])
      .conditions,
    "Ready",
  );
  expect(ready).toMatchObject({
    status: "False",
    reason: "ContainersNotReady",
    message: "containers with unready status: [istio-proxy]: sidecar waits for its configuration",
  });
});
it("is pending until all have been started once", () => {
  expect(status([view(), view({ name: "istio-proxy", state: waiting, ready: false })]).phase).toBe("Pending");
  expect(
    status([
      view({
        state: { waiting: { reason: "CrashLoopBackOff" } },
        lastState: { terminated: { exitCode: 1 } },
        ready: false,
      }),
    ]).phase,
  ).toBe("Running");
});
it("ends by its restart policy", () => {
  const ended = (exitCode: number): ContainerView => view({ state: { terminated: { exitCode } }, ready: false });
  expect(status([ended(0)], pod({ restartPolicy: "Never" })).phase).toBe("Succeeded");
  expect(status([ended(2), view({ name: "istio-proxy" })], pod({ restartPolicy: "Never" })).phase).toBe("Failed");
  expect(status([ended(2)]).phase).toBe("Running");
});
it("keeps transition times while nothing turns", () => {
  const before = { ...pod(), status: { ...status([view()]), startTime: "2026-01-01T00:00:00Z" } };
  const later = podStatus(before, { ip: "127.17.1.1", hostIP: "h" }, [view()], now + 60_000);
  expect([later.startTime, findCondition(later.conditions, "Ready")?.lastTransitionTime]).toEqual([
    "2026-01-01T00:00:00Z",
    "2026-01-02T03:04:05Z",
  ]);
});
