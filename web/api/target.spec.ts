import { expect, test } from "vitest";
import { withQuery } from "../router/paths.ts";
import { target } from "./target.ts";

test("parameters are escaped, and absent ones left out", () => {
  expect(target("/api/v1/apps/{name}/status", { name: "a/b" })).toBe("/api/v1/apps/a%2Fb/status");
  expect(target("/api/v1/apps", undefined, { q: "a b", team: undefined, segment: "", limit: 100 })).toBe(
    "/api/v1/apps?q=a+b&limit=100",
  );
  expect(withQuery("/apps", { q: "", team: "food" })).toBe("/apps?team=food");
});
