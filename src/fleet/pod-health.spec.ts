import fc from "fast-check";
import { expect, test } from "vitest";
import type { ContainerStatus, Pod } from "../objects/core.ts";
import { PodCounts, podProblem, podView } from "./pod-health.ts";

const container = (over: Partial<ContainerStatus>): ContainerStatus => ({
  name: "app",
  ready: false,
  restartCount: 0,
  image: "",
  imageID: "",
  ...over,
});
const pod = (name: string, status: Pod["status"] = {}, over: object = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "money", labels: { app: "checkout", "quipu.dev/revision": "r4" }, ...over },
  status,
});
const readyStatus = { phase: "Running" as const, conditions: [{ type: "Ready", status: "True" as const }] };

test.each<[string, Pod["status"], string]>([
  [
    "a crash loop tells how it ended",
    {
      containerStatuses: [
        container({
          state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 10s" } },
          lastState: { terminated: { exitCode: 3, reason: "Error" } },
        }),
      ],
    },
    "CrashLoopBackOff: exited with code 3: back-off 10s",
  ],
  [
    "a command that doesn't start",
    {
      containerStatuses: [
        container({ state: { waiting: { reason: "CreateContainerError", message: "no such file: nodd" } } }),
      ],
    },
    "CreateContainerError: no such file: nodd",
  ],
  [
    "an end by a signal",
    { containerStatuses: [container({ state: { terminated: { exitCode: 137, signal: 9, reason: "OOMKilled" } } })] },
    "killed by signal 9: OOMKilled",
  ],
  [
    "a port that nothing listens on",
    {
      containerStatuses: [container({ state: { running: {} } })],
      conditions: [
        {
          type: "Ready",
          status: "False",
          reason: "ContainersNotReady",
          message: "readiness probe: connection refused on 8080",
        },
      ],
    },
    "not ready: readiness probe: connection refused on 8080",
  ],
  [
    "just not ready",
    {
      containerStatuses: [container({ state: { running: {} } })],
      conditions: [
        {
          type: "Ready",
          status: "False",
          reason: "ContainersNotReady",
          message: "containers with unready status: [app]",
        },
      ],
    },
    "not ready",
  ],
  [
    "not ready, and its probe says why",
    {
      containerStatuses: [container({ state: { running: {} } })],
      conditions: [
        {
          type: "Ready",
          status: "False",
          reason: "ContainersNotReady",
          message: "containers with unready status: [app]: Readiness probe failed: status 503",
        },
      ],
    },
    "not ready: Readiness probe failed: status 503",
  ],
  [
    "no room",
    {
      phase: "Pending",
      conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/3 nodes" }],
    },
    "Unschedulable: 0/3 nodes",
  ],
  ["nothing known yet", {}, "starting"],
  [
    "the container to blame is named when there are two",
    {
      containerStatuses: [
        container({ ready: true, state: { running: {} } }),
        container({
          name: "proxy",
          state: { running: {} },
          restartCount: 2,
          lastState: { terminated: { exitCode: 1 } },
        }),
      ],
    },
    "proxy not ready after 2 restarts: exited with code 1",
  ],
  [
    "restarts come before what a probe says now",
    {
      containerStatuses: [
        container({
          state: { running: {} },
          restartCount: 3,
          lastState: { terminated: { exitCode: 137, signal: 9, reason: "OOMKilled" } },
        }),
      ],
      conditions: [
        {
          type: "Ready",
          status: "False",
          reason: "ContainersNotReady",
          message: "containers with unready status: [app]: Readiness probe failed: status 503",
        },
      ],
    },
    "not ready after 3 restarts: killed by signal 9: OOMKilled: Readiness probe failed: status 503",
  ],
  [
    "an init container that fails",
    {
      initContainerStatuses: [
        container({
          name: "migrate",
          state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 10s" } },
          lastState: { terminated: { exitCode: 2 } },
        }),
      ],
      containerStatuses: [container({ state: { waiting: { reason: "PodInitializing" } } })],
    },
    "init container migrate CrashLoopBackOff: exited with code 2: back-off 10s",
  ],
])("%s", (_, status, reason) => {
  expect(podProblem(pod("x", status)).reason).toBe(reason);
});

test("the gravest reason of a revision is told; leaving and ended pods count for nothing", () => {
  const counts = new PodCounts();
  counts.put(podView(pod("a", readyStatus)));
  counts.put(podView(pod("b", {})));
  counts.put(
    podView(pod("c", { containerStatuses: [container({ state: { waiting: { reason: "ImagePullBackOff" } } })] })),
  );
  counts.put(podView(pod("d", readyStatus, { deletionTimestamp: "now" })));
  counts.put(podView(pod("e", { phase: "Failed", reason: "Evicted" })));
  expect(counts.ready).toEqual({ checkout: { r4: { ready: 1, total: 3, reason: "ImagePullBackOff" } } });
});

test("of a list of thousands nobody counts anew for each pod", () => {
  const counts = new PodCounts();
  let looks = 0;
  const view = podView(pod("a", {}));
  const watched = (name: string) =>
    Object.defineProperty({ ...view, metadata: { ...view.metadata, name } }, "counts", { get: () => ++looks > 0 });
  for (let at = 0; at < 1000; at++) counts.put(watched(`p${at}`));
  expect(counts.ready).toMatchObject({ checkout: { r4: { ready: 0, total: 1000 } } });
  expect(looks).toBe(1000);
  expect(counts.ready).toBe(counts.ready);
});

test("counts kept pod by pod are the counts of all pods", () => {
  const step = fc.record({
    name: fc.constantFrom("a", "b", "c", "d"),
    app: fc.constantFrom("x", "y"),
    revision: fc.constantFrom("r1", "r2"),
    ready: fc.boolean(),
    remove: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const counts = new PodCounts();
      const truth = new Map<string, ReturnType<typeof podView>>();
      for (const { name, app, revision, ready, remove } of steps) {
        const id = `${app}-${revision}-${name}`;
        const view = podView(pod(id, ready ? readyStatus : {}, { labels: { app, "quipu.dev/revision": revision } }));
        if (remove) {
          counts.remove(truth.get(id) ?? view);
          truth.delete(id);
        } else {
          counts.put(view);
          truth.set(id, view);
        }
        if (name === "d") void counts.ready;
      }
      const expected: Record<string, Record<string, object>> = {};
      for (const view of truth.values()) {
        const group = [...truth.values()].filter(({ app, revision }) => app === view.app && revision === view.revision);
        const ready = group.filter((each) => each.ready).length;
        (expected[view.app] ??= {})[view.revision] = {
          ready,
          total: group.length,
          ...(ready < group.length ? { reason: "starting" } : {}),
        };
      }
      expect(counts.ready).toEqual(expected);
    }),
  );
});
