import { describe, expect, it } from "vitest";
import { loadAssignment } from "./load-assignment.ts";
import type { Instance } from "./workload.ts";

const instance = (address: string, zone: string, changes: Partial<Instance> = {}): Instance => ({
  address,
  port: 80,
  labels: { v: "1" },
  locality: { region: zone.slice(0, 1), zone, subzone: "" },
  network: "",
  weight: 1,
  account: "",
  inMesh: true,
  ...changes,
});
const summary = (instances: Instance[], options = {}) =>
  loadAssignment("c", instances, options).endpoints.map((group) => [
    group.locality?.zone,
    group.priority,
    group.loadBalancingWeight,
    group.lbEndpoints.length,
  ]);

describe("a load assignment", () => {
  it("groups by locality, in an order of its own", () => {
    expect(summary([instance("3", "b1"), instance("1", "a1"), instance("2", "a1")])).toEqual([
      ["a1", 0, 2, 2],
      ["b1", 0, 1, 1],
    ]);
  });
  it("with failover, puts the near ones first, without gaps", () => {
    expect(
      summary([instance("1", "a1"), instance("2", "a2"), instance("3", "b1")], {
        failoverFrom: { region: "a", zone: "a2" },
      }),
    ).toEqual([
      ["a1", 1, 1, 1],
      ["a2", 0, 1, 1],
      ["b1", 2, 1, 1],
    ]);
    expect(summary([instance("3", "b1")], { failoverFrom: { region: "a", zone: "a2" } })).toEqual([["b1", 0, 1, 1]]);
  });
  it("leaves out what the subset's labels don't fit, and what has no weight", () => {
    expect(
      summary([instance("1", "a1"), instance("2", "a1", { labels: { v: "2" } }), instance("3", "a1", { weight: 0 })], {
        labels: { v: "1" },
      }),
    ).toEqual([["a1", 0, 1, 1]]);
    expect(summary([instance("1", "a1", { weight: 30 }), instance("2", "a1", { weight: 70 })])).toEqual([
      ["a1", 0, 100, 2],
    ]);
  });
  it("marks instances that have a sidecar, so that mutual TLS is used for these alone", () => {
    const [group] = loadAssignment("c", [instance("1", "a1"), instance("2", "a1", { inMesh: false })], {}).endpoints;
    expect(group!.lbEndpoints.map(({ metadata }) => metadata?.filterMetadata["envoy.transport_socket_match"])).toEqual([
      { tlsMode: "istio" },
      undefined,
    ]);
  });
});
