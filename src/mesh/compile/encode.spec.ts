import { create, fromBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { VirtualHostSchema } from "#gen/envoy/config/route/v3/route_components_pb.ts";
import { RouteConfigurationSchema } from "#gen/envoy/config/route/v3/route_pb.ts";
import { typeUrls } from "../resource.ts";
import { Encoder, field, plainPart } from "./encode.ts";

describe("a route configuration from parts", () => {
  const host = (name: string, routes: number) => [
    plainPart(VirtualHostSchema, create(VirtualHostSchema, { name, domains: [name] })),
    plainPart(
      VirtualHostSchema,
      create(VirtualHostSchema, { routes: Array.from({ length: routes }, (_, index) => ({ name: `route ${index}` })) }),
    ),
  ];
  const assemble = (...hosts: ReturnType<typeof host>[]) =>
    new Encoder().assembled("routeConfiguration", typeUrls.routeConfiguration, "r", [
      plainPart(RouteConfigurationSchema, create(RouteConfigurationSchema, { name: "r" })),
      ...hosts.flatMap((parts) => field(2, parts)),
    ]);

  it("is the message that would have been encoded as a whole, also when a length needs several bytes", () => {
    const decoded = fromBinary(RouteConfigurationSchema, assemble(host("a", 1), host("b", 3000)).bytes);
    expect(decoded).toMatchObject({
      name: "r",
      virtualHosts: [
        { name: "a", domains: ["a"] },
        { name: "b", domains: ["b"] },
      ],
    });
    expect(decoded.virtualHosts.map(({ routes }) => routes.length)).toEqual([1, 3000]);
    expect(decoded.virtualHosts[1]!.routes[2999]!.name).toBe("route 2999");
  });
  it("has a version that says what is in it, and in which order", () => {
    expect(assemble(host("a", 1), host("b", 2)).version).toBe(assemble(host("a", 1), host("b", 2)).version);
    expect(assemble(host("a", 1), host("b", 2)).version).not.toBe(assemble(host("b", 2), host("a", 1)).version);
    expect(assemble(host("a", 1)).version).not.toBe(assemble(host("a", 2)).version);
  });
});
