import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseRules, ruleFor } from "./rules.ts";

const rules = parseRules(`
- why: for a test
  differences:
    - part: ["cluster *", listener a]
      field: x[*].y
      how: differ
      istiod: "a*c"
      quipu: 1
    - part: cluster b
      how: only quipu
      role: router
`);
const differ = { field: "x[0].y", how: "differ", istiod: "abc", quipu: 1 } as const;

test("a rule fits when all that it says does", () => {
  expect(ruleFor(rules, "sidecar", "cluster z", differ)).toBe(rules[0]);
  expect(ruleFor(rules, "sidecar", "listener a", differ)).toBe(rules[0]);
  for (const other of [
    { ...differ, field: "x[0].yy" },
    { ...differ, how: "order" as const },
    { ...differ, istiod: "ab" },
    { ...differ, quipu: 2 },
  ])
    expect(ruleFor(rules, "sidecar", "cluster z", other)).toBeUndefined();
  expect(ruleFor(rules, "sidecar", "a cluster z", differ)).toBeUndefined();
});

test("without a field it is for whole parts; with a role for those proxies alone", () => {
  const whole = { field: "", how: "only quipu", quipu: {} } as const;
  expect(ruleFor(rules, "router", "cluster b", whole)).toBe(rules[1]);
  expect(ruleFor(rules, "sidecar", "cluster b", whole)).toBeUndefined();
  expect(ruleFor(rules, "router", "cluster b", { ...whole, field: "name" })).toBeUndefined();
});

test.each([
  ["- why: none\n  differences: [{ part: a, how: differ }]", /no reason/],
  ["- why: a good reason", /for nothing/],
  ["- why: a good reason\n  differences: [{ part: a, how: unlike }]", /accepted: only istiod/],
  ["- why: a good reason\n  differences: [{ part: a, how: differ, wher: b }]", /wher isn't known/],
])("%j is refused", (text, reason) => {
  expect(() => parseRules(text)).toThrow(reason);
});

test("the list of accepted differences can be read", () => {
  expect(parseRules(readFileSync(new URL("accepted.yaml", import.meta.url), "utf8")).length).toBeGreaterThan(50);
});
