import { describe, expect, it } from "vitest";
import type { PodStatus } from "../../objects/core.ts";
import { kinds, type Kind } from "../../objects/kinds.ts";
import type { KubeObject } from "../../objects/meta.ts";
import { table, wantsTable } from "./tables.ts";

const now = new Date("2026-01-02T03:04:05Z");
interface Row {
  cells: unknown[];
  object?: { kind: string };
}
function cells(kind: Kind, rest: object): unknown[] {
  const object = {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: { name: "x", creationTimestamp: "2026-01-02T03:00:05Z" },
    ...rest,
  } as KubeObject;
  const { rows, columnDefinitions } = table(kind, [object], {}, now) as { rows: Row[]; columnDefinitions: unknown[] };
  expect(rows[0]!.cells).toHaveLength(columnDefinitions.length);
  return rows[0]!.cells;
}
const pod = (status: PodStatus, metadata: object = {}): unknown[] =>
  cells(kinds.Pod, {
    metadata: { name: "x", creationTimestamp: "2026-01-02T03:00:05Z", ...metadata },
    spec: { containers: [{ name: "a" }] },
    status,
  }).slice(0, 5);
const container = { name: "a", image: "", imageID: "" };

describe("tables", () => {
  it("say of a pod why it isn't running", () => {
    expect(pod({ phase: "Pending" })).toEqual(["x", "0/1", "Pending", "0", "4m"]);
    expect(
      pod({
        phase: "Running",
        containerStatuses: [{ ...container, ready: true, restartCount: 0, state: { running: {} } }],
      }),
    ).toEqual(["x", "1/1", "Running", "0", "4m"]);
    expect(
      pod({
        phase: "Running",
        containerStatuses: [
          {
            ...container,
            ready: false,
            restartCount: 3,
            state: { waiting: { reason: "CrashLoopBackOff" } },
            lastState: { terminated: { exitCode: 1, finishedAt: "2026-01-02T03:03:55Z" } },
          },
        ],
      }),
    ).toEqual(["x", "0/1", "CrashLoopBackOff", "3 (10s ago)", "4m"]);
    expect(pod({ phase: "Running" }, { deletionTimestamp: "2026-01-02T03:04:05Z" })[2]).toBe("Terminating");
    expect(
      pod({
        phase: "Failed",
        containerStatuses: [{ ...container, ready: false, restartCount: 0, state: { terminated: { exitCode: 3 } } }],
      })[2],
    ).toBe("ExitCode:3");
  });

  it.each<[Kind, object, unknown[]]>([
    [
      kinds.Service,
      { spec: { type: "ClusterIP", ports: [{ port: 80 }, { port: 53, protocol: "UDP" }] } },
      ["x", "ClusterIP", "<none>", "<none>", "80/TCP,53/UDP", "4m", "<none>"],
    ],
    [kinds.Namespace, { status: { phase: "Active" } }, ["x", "Active", "4m"]],
    [kinds.ConfigMap, { data: { a: "1" }, binaryData: { b: "" } }, ["x", 2, "4m"]],
    [
      kinds.HorizontalPodAutoscaler,
      {
        spec: {
          scaleTargetRef: { kind: "Deployment", name: "d" },
          minReplicas: 2,
          maxReplicas: 5,
          metrics: [{ resource: { name: "cpu", target: { averageUtilization: 70 } } }],
        },
        status: { currentReplicas: 3, currentMetrics: [{ resource: { current: { averageUtilization: 41 } } }] },
      },
      ["x", "Deployment/d", "cpu: 41%/70%", "2", 5, 3, "4m"],
    ],
    [
      kinds.PodDisruptionBudget,
      { spec: { minAvailable: "50%" }, status: { disruptionsAllowed: 1 } },
      ["x", "50%", "N/A", 1, "4m"],
    ],
    [
      kinds.EndpointSlice,
      {
        addressType: "IPv4",
        ports: [{ port: 80 }],
        endpoints: ["a", "b", "c", "d"].map((address) => ({ addresses: [address] })),
      },
      ["x", "IPv4", "80", "a,b,c + 1 more...", "4m"],
    ],
    [kinds.VirtualService, { spec: { hosts: ["a", "b"], gateways: ["g"] } }, ["x", '["g"]', '["a","b"]', "4m"]],
    [kinds.Sidecar, {}, ["x", "4m"]],
  ])("show a $kind as kubectl's users know it", (kind, rest, expected) => expect(cells(kind, rest)).toEqual(expected));

  it("are given only to who prefers them, in the version that is known", () => {
    expect(wantsTable("application/json;as=Table;v=v1;g=meta.k8s.io,application/json")).toBe(true);
    expect(wantsTable("application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json")).toBe(false);
    expect(wantsTable("application/json, application/json;as=Table;v=v1;g=meta.k8s.io")).toBe(false);
    expect(wantsTable(undefined)).toBe(false);
  });

  it("hold as much of each object as was asked for", () => {
    const object: KubeObject = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" } };
    const first = (include: "Metadata" | "Object" | "None") =>
      (table(kinds.ConfigMap, [object], {}, now, include) as { rows: Row[] }).rows[0]!.object?.kind;
    expect([first("Metadata"), first("Object"), first("None")]).toEqual([
      "PartialObjectMetadata",
      "ConfigMap",
      undefined,
    ]);
  });
});
