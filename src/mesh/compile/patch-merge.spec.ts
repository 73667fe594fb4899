import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { ClusterSchema } from "#gen/envoy/config/cluster/v3/cluster_pb.ts";
import { RouteSchema } from "#gen/envoy/config/route/v3/route_components_pb.ts";
import { RouterSchema } from "#gen/envoy/extensions/filters/http/router/v3/router_pb.ts";
import { any } from "./encode.ts";
import { insertAt, merged, mergedAny } from "./patch-merge.ts";
import { registry } from "./testing/registry.ts";

describe("merging a patch", () => {
  it("replaces single fields and durations, merges sub-messages, appends lists", () => {
    const target = create(ClusterSchema, {
      name: "a",
      connectTimeout: { seconds: 10n },
      circuitBreakers: { thresholds: [{ maxRequests: 1 }] },
      commonLbConfig: { healthyPanicThreshold: { value: 50 } },
    });
    const result = merged(
      ClusterSchema,
      target,
      create(ClusterSchema, {
        connectTimeout: { nanos: 250_000_000 },
        circuitBreakers: { thresholds: [{ maxRequests: 2 }] },
        commonLbConfig: { ignoreNewHostsUntilFirstHc: true },
      }),
    );
    expect(result).toMatchObject({
      name: "a",
      connectTimeout: { seconds: 0n, nanos: 250_000_000 },
      circuitBreakers: { thresholds: [{ maxRequests: 1 }, { maxRequests: 2 }] },
      commonLbConfig: { healthyPanicThreshold: { value: 50 }, ignoreNewHostsUntilFirstHc: true },
    });
    expect(target.circuitBreakers?.thresholds).toHaveLength(1);
  });

  it("takes the other member of a oneof, and merges within the same one", () => {
    const target = create(RouteSchema, {
      match: { pathSpecifier: { case: "prefix", value: "/" } },
      action: { case: "route", value: { clusterSpecifier: { case: "cluster", value: "a" } } },
    });
    expect(
      merged(RouteSchema, target, create(RouteSchema, { action: { case: "route", value: { prefixRewrite: "/x" } } }))
        .action,
    ).toMatchObject({
      case: "route",
      value: { clusterSpecifier: { case: "cluster", value: "a" }, prefixRewrite: "/x" },
    });
    expect(
      merged(RouteSchema, target, create(RouteSchema, { action: { case: "directResponse", value: { status: 404 } } }))
        .action,
    ).toMatchObject({ case: "directResponse", value: { status: 404 } });
  });

  it("merges extensions of one type and replaces those of another", () => {
    const router = any(RouterSchema, { suppressEnvoyHeaders: true });
    const both = mergedAny(registry, router, any(RouterSchema, { startChildSpan: true }));
    expect(both).toEqual(any(RouterSchema, { suppressEnvoyHeaders: true, startChildSpan: true }));
    const other = any(RouteSchema, { name: "x" });
    expect(mergedAny(registry, router, other)).toBe(other);
  });

  it.each([
    ["ADD", 3],
    ["INSERT_FIRST", 0],
    ["INSERT_BEFORE", 1],
    ["INSERT_AFTER", 2],
  ])("%s puts an entry at %i", (operation, at) => {
    expect(insertAt(operation, 3, 1)).toBe(at);
  });
  it("has no place beside a neighbour that isn't there", () => {
    expect(insertAt("INSERT_BEFORE", 3, -1)).toBeUndefined();
  });
});
