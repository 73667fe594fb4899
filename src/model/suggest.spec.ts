import * as fc from "fast-check";
import { expect, test } from "vitest";
import { editDistance, suggest } from "./suggest.ts";

test.each([
  ["kitten", "sitting", 3],
  ["timeuot", "timeout", 1],
  ["", "abc", 3],
  ["same", "same", 0],
])("%s → %s takes %d edits", (a, b, edits) => {
  expect(editDistance(a, b)).toBe(edits);
});

test("a distance is symmetric and at most the longer length", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
});

const known = ["timeout", "retries", "perCaller", "rateLimits", "connectionPool"];
test.each([
  ["timout", "timeout"],
  ["rate_limits", "rateLimits"],
  ["PERCALLER", "perCaller"],
  ["connection", "connectionPool"],
  ["ports", undefined],
  ["x", undefined],
])("%s → %s", (found, meant) => {
  expect(suggest(found, known)).toBe(meant);
});
