import { describe, expect, it } from "vitest";
import type { EndpointSlice, Pod, Service } from "../../objects/core.ts";
import { reconcileEndpoints } from "./endpoints.ts";

const service = (targetPort: number | string = 8080): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web", namespace: "shop", uid: "s1", labels: { team: "t" } },
  spec: { selector: { app: "web" }, ports: [{ name: "http", port: 80, targetPort, appProtocol: "http" }] },
});
const pod = (
  n: number,
  options: { ready?: boolean; deleted?: boolean; port?: number; labels?: Record<string, string>; ip?: string } = {},
): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: `web-${n}`,
    namespace: "shop",
    uid: `u${n}`,
    labels: options.labels ?? { app: "web" },
    ...(options.deleted && { deletionTimestamp: "x" }),
  },
  spec: {
    nodeName: "n",
    containers: [{ name: "web", image: "i", ports: [{ name: "http", containerPort: options.port ?? 8080 }] }],
  },
  status: {
    phase: "Running",
    ...(options.ip !== "" && { podIP: options.ip ?? `10.0.${n >> 8}.${n & 255}` }),
    conditions: [{ type: "Ready", status: options.ready === false ? "False" : "True" }],
  },
});
let next = 0;
const suffix = (): string => `s${next++}`;
/** The slices after a plan has been carried out. */
function carryOut(
  slices: EndpointSlice[],
  pods: Pod[],
  of: Service = service(),
): { slices: EndpointSlice[]; writes: number } {
  const plan = reconcileEndpoints(of, pods, slices, "zone-a", suffix);
  const kept = slices
    .filter((slice) => !plan.remove.includes(slice.metadata.name))
    .map((slice) => plan.update.find((update) => update.metadata.name === slice.metadata.name) ?? slice);
  return { slices: [...kept, ...plan.create], writes: plan.create.length + plan.update.length + plan.remove.length };
}

describe("reconcileEndpoints", () => {
  it("tells address, readiness, place and pod of each endpoint", () => {
    const {
      slices: [slice],
    } = carryOut(
      [],
      [
        pod(1),
        pod(2, { ready: false }),
        pod(3, { deleted: true }),
        pod(4, { ip: "" }),
        pod(5, { labels: { app: "other" } }),
      ],
    );
    expect(slice).toMatchObject({
      metadata: {
        namespace: "shop",
        labels: { "kubernetes.io/service-name": "web" },
        ownerReferences: [{ kind: "Service", uid: "s1" }],
      },
      addressType: "IPv4",
      ports: [{ name: "http", port: 8080, protocol: "TCP", appProtocol: "http" }],
    });
    expect(slice?.endpoints).toEqual([
      {
        addresses: ["10.0.0.1"],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: "n",
        zone: "zone-a",
        targetRef: { kind: "Pod", name: "web-1", namespace: "shop", uid: "u1" },
      },
      expect.objectContaining({
        addresses: ["10.0.0.2"],
        conditions: { ready: false, serving: false, terminating: false },
      }),
      expect.objectContaining({
        addresses: ["10.0.0.3"],
        conditions: { ready: false, serving: true, terminating: true },
      }),
    ]);
  });

  it("resolves named target ports for each pod: other numbers, another slice", () => {
    const { slices } = carryOut([], [pod(1), pod(2, { port: 9090 })], service("http"));
    expect(slices.map((slice) => [slice.ports?.[0]?.port, slice.endpoints.length])).toEqual([
      [8080, 1],
      [9090, 1],
    ]);
  });

  it("keeps one empty slice", () => {
    const first = carryOut([], []);
    expect(first.slices.map((slice) => slice.endpoints)).toEqual([[]]);
    expect(carryOut(first.slices, []).writes).toBe(0);
    const filled = carryOut(first.slices, [pod(1)]);
    expect(filled.slices.map((slice) => slice.metadata.name)).toEqual(first.slices.map((slice) => slice.metadata.name));
    expect(carryOut(filled.slices, []).slices.map((slice) => slice.endpoints)).toEqual([[]]);
  });

  it("holds at most 1,000 in a slice and rewrites only the one that changes", () => {
    const pods = Array.from({ length: 2500 }, (_, n) => pod(n));
    const { slices } = carryOut([], pods);
    expect(slices.map((slice) => slice.endpoints.length)).toEqual([1000, 1000, 500]);
    expect(carryOut(slices, pods).writes).toBe(0);
    const changed = pods.map((one, n) => (n === 1200 ? pod(1200, { ready: false }) : one));
    expect(carryOut(slices, changed).writes).toBe(1);
    const fewer = carryOut(slices, pods.slice(1));
    expect([fewer.writes, fewer.slices.flatMap((slice) => slice.endpoints).length]).toEqual([1, 2499]);
    expect(
      carryOut(fewer.slices, pods.slice(1).concat(pod(2600))).slices.map((slice) => slice.endpoints.length),
    ).toEqual([1000, 1000, 500]);
  });
});
