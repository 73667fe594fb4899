import { describe, expect, it } from "vitest";
import { fullHost, hostAndWildcards, hostMatches, outboundCluster, parseOutboundCluster } from "./names.ts";

describe("hosts", () => {
  it("a short name is a service of the object's own namespace; anything with a dot or wildcard stands as it is", () => {
    expect(fullHost("catalog", "food", "cluster.local")).toBe("catalog.food.svc.cluster.local");
    expect(fullHost("catalog.food", "shop", "cluster.local")).toBe("catalog.food");
    expect(fullHost("*", "shop", "cluster.local")).toBe("*");
  });
  it("wildcards that cover a host, most specific first", () => {
    expect(hostAndWildcards("a.b.example")).toEqual(["a.b.example", "*.b.example", "*.example", "*"]);
    expect(hostAndWildcards("*.b.example")).toEqual(["*.b.example", "*.example", "*"]);
  });
  it.each([
    ["*", "a.b", true],
    ["*.b", "a.b", true],
    ["*.b", "x.a.b", true],
    ["*.b", "b", false],
    ["*.b", ".b", false],
    ["a.b", "a.b", true],
    ["a.b", "c.b", false],
  ])("%s covers %s: %s", (pattern, host, covers) => {
    expect(hostMatches(pattern, host)).toBe(covers);
  });
});

describe("cluster names", () => {
  it("can be taken apart again", () => {
    expect(parseOutboundCluster(outboundCluster(80, "r1", "a.b"))).toEqual({ port: 80, subset: "r1", host: "a.b" });
  });
  it.each(["inbound|80||", "outbound|x||a", "outbound|80|a", "BlackHoleCluster"])(
    "%s is no outbound cluster",
    (name) => {
      expect(parseOutboundCluster(name)).toBeUndefined();
    },
  );
});
