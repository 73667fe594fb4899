import { expect, test } from "vitest";
import { paths } from "./paths.ts";
import { routeOf, type Route } from "./route.ts";

const at = (path: string): Route => routeOf(new URL(path, "http://quipu.example"));

test.each<[string, Route]>([
  [paths.apps(), { page: "apps", filters: {} }],
  [
    paths.apps({ q: "a b&c", team: "food", sort: "-updated" }),
    { page: "apps", filters: { q: "a b&c", team: "food", sort: "-updated" } },
  ],
  [paths.app("catalog"), { page: "app", name: "catalog" }],
  [paths.app("a/b"), { page: "app", name: "a/b" }],
  [paths.clusters(), { page: "clusters" }],
  [paths.cluster("bogota"), { page: "cluster", name: "bogota" }],
  [paths.signIn("/apps/catalog"), { page: "sign-in", next: "/apps/catalog" }],
  [paths.overview(), { page: "overview", filters: {} }],
  [
    paths.overview({ state: "person", q: "a b", team: "food" }),
    { page: "overview", filters: { state: "person", q: "a b", team: "food" } },
  ],
  ["/?state=odd", { page: "overview", filters: {} }],
  [paths.release("catalog", 7), { page: "release", app: "catalog", number: 7, focus: {} }],
  [
    paths.release("catalog", 7, { cluster: "bogota", open: [1, 3] }),
    { page: "release", app: "catalog", number: 7, focus: { cluster: "bogota", open: [1, 3] } },
  ],
  ["/apps/catalog/releases/x", { page: "unknown", path: "/apps/catalog/releases/x" }],
  ["/apps/catalog/nothing", { page: "unknown", path: "/apps/catalog/nothing" }],
  ["/nothing", { page: "unknown", path: "/nothing" }],
])("%s is a route", (path, route) => {
  expect(at(path)).toEqual(route);
});

test("an order that the API doesn't know is left out", () => {
  expect(at("/apps?sort=size")).toEqual({ page: "apps", filters: {} });
});

test.each(["//evil.example", "/\\evil.example", "https://evil.example", ""])(
  "after signing in nobody is sent to %j",
  (next) => {
    expect(at(paths.signIn(next))).toEqual({ page: "sign-in", next: "/" });
  },
);

test("a broken escape is no crash", () => {
  expect(at("/apps/%E0%A4%A")).toEqual({ page: "app", name: "%E0%A4%A" });
});
