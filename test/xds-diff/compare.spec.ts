import { expect, test } from "vitest";
import { compare } from "./compare.ts";

test("the same is the same, and how much of it there is", () => {
  expect(compare({ a: 1, b: { c: ["x"], d: {} } }, { b: { d: {}, c: ["x"] }, a: 1 })).toEqual({
    equal: 3,
    differences: [],
  });
});

test("what differs, by field", () => {
  expect(compare({ a: 1, b: { c: 2, e: null } }, { a: 3, b: { c: 2, d: { f: 1 } } }).differences).toEqual([
    { field: "a", how: "differ", istiod: 1, quipu: 3 },
    { field: "b.e", how: "only istiod", istiod: null },
    { field: "b.d", how: "only quipu", quipu: { f: 1 } },
  ]);
  expect(compare(undefined, { a: 1 }).differences).toEqual([{ field: "", how: "only quipu", quipu: { a: 1 } }]);
  expect(compare({ a: { b: 1 } }, { a: [1] }).differences).toMatchObject([{ field: "a", how: "differ" }]);
});

test("entries of lists are paired by what they are; their order is told where it means something", () => {
  const filters = (...names: string[]) => ({ httpFilters: names.map((name) => ({ name, typedConfig: { of: name } })) });
  expect(compare(filters("fault", "cors", "router"), filters("fault", "router")).differences).toMatchObject([
    { field: "httpFilters[cors]", how: "only istiod" },
  ]);
  expect(compare(filters("fault", "router"), filters("router", "fault")).differences).toEqual([
    { field: "httpFilters", how: "order", istiod: ["fault", "router"], quipu: ["router", "fault"] },
  ]);
  expect(compare({ domains: ["a", "b"] }, { domains: ["b", "a", "c"] }).differences).toEqual([
    { field: "domains[c]", how: "only quipu", quipu: "c" },
  ]);
});

test("routes go by name, else by path; endpoints by address; filter chains by server names", () => {
  const route = (prefix: string, cluster: string) => ({ match: { prefix }, route: { cluster } });
  expect(
    compare({ routes: [route("/a", "x"), route("/", "y")] }, { routes: [route("/a", "x"), route("/", "z")] }),
  ).toEqual({
    equal: 3,
    differences: [{ field: "routes[prefix /].route.cluster", how: "differ", istiod: "y", quipu: "z" }],
  });
  const endpoint = (address: string, weight: number) => ({
    endpoint: { address: { socketAddress: { address, portValue: 80 } } },
    weight,
  });
  expect(
    compare(
      { lbEndpoints: [endpoint("10.0.0.1", 1), endpoint("10.0.0.2", 1)] },
      { lbEndpoints: [endpoint("10.0.0.2", 2), endpoint("10.0.0.1", 1)] },
    ).differences,
  ).toEqual([{ field: "lbEndpoints[10.0.0.2:80].weight", how: "differ", istiod: 1, quipu: 2 }]);
  const chain = (serverNames: string[], name: string) => ({ filterChainMatch: { serverNames }, filters: [], name });
  expect(
    compare({ filterChains: [chain(["b", "a"], "1")] }, { filterChains: [chain(["c"], "3"), chain(["a", "b"], "2")] })
      .differences,
  ).toMatchObject([{ field: "filterChains[a,b].name" }, { field: "filterChains[c]" }]);
});
