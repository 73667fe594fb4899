import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { covers, intersectRules, permitted } from "./permission.ts";
import type { Consent, Rule } from "./rows.ts";

describe("who may call", () => {
  const callee = (segment: string, consents: Consent[] = []) => ({ app: "payments", segment, consents });
  const caller = (rules: Rule[], segment = "shop") => ({
    app: "orders",
    segment,
    edges: { payments: { rules, stage: "wanted" as const, segment: "money" } },
  });

  test("an undeclared call is never permitted", () => {
    expect(permitted(callee("shop"), { app: "orders", segment: "shop", edges: {} })).toBeUndefined();
  });
  test("within the segment the call alone counts", () => {
    expect(permitted(callee("shop"), caller([{ methods: ["GET"] }]))).toEqual([{ methods: ["GET"] }]);
  });
  test("across segments consent is needed, and only the caller's own counts", () => {
    expect(permitted(callee("money"), caller([{}]))).toBeUndefined();
    expect(permitted(callee("money", [{ app: "fraud" }]), caller([{}]))).toBeUndefined();
    expect(
      permitted(callee("money", [{ app: "orders", methods: ["POST"], paths: ["/charge"] }]), caller([{}])),
    ).toEqual([{ methods: ["POST"], paths: ["/charge"] }]);
  });
  test("call and consent that have nothing in common permit nothing", () => {
    expect(
      permitted(callee("money", [{ app: "orders", methods: ["POST"] }]), caller([{ methods: ["GET"] }])),
    ).toBeUndefined();
  });
});

test.each([
  ["/a/*", "/a/b", true],
  ["/a/*", "/a/b/*", true],
  ["/a/b", "/a/*", false],
  ["*.js", "/x.js", true],
  ["*.js", "*min.js", true],
  ["/*", "*.js", true],
  ["*.js", "/a*", false],
  ["/a", "/a", true],
  ["/a*", "/b", false],
])("%s covers %s: %s", (outer, inner, yes) => {
  expect(covers(outer, inner)).toBe(yes);
});

const fits = (rules: readonly Rule[], method: string, path: string) =>
  rules.some(
    ({ methods, paths }) =>
      (methods?.includes(method) ?? true) && (paths?.some((pattern) => covers(pattern, path)) ?? true),
  );
const rules = fc.array(
  fc.record(
    {
      methods: fc.subarray(["GET", "POST", "PUT"], { minLength: 1 }),
      paths: fc.subarray(["/a", "/a/*", "/a/b", "/*", "/c*", "/c/d/*"], { minLength: 1 }),
    },
    { requiredKeys: [] },
  ),
  { maxLength: 3 },
);

test("a request fits the intersection when it fits both", () => {
  fc.assert(
    fc.property(
      rules,
      rules,
      fc.constantFrom("GET", "POST", "PUT", "DELETE"),
      fc.constantFrom("/a", "/a/b", "/a/x", "/c", "/cc", "/c/d/e", "/z"),
      (a, b, method, path) => {
        expect(fits(intersectRules(a, b), method, path)).toBe(fits(a, method, path) && fits(b, method, path));
      },
    ),
  );
});
