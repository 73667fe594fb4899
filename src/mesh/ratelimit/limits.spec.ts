import { expect, test } from "vitest";
import { findLimit, LimitConfigError, parseLimits } from "./limits.ts";

const text = `
domain: money
descriptors:
  - key: app
    value: checkout
    rate_limit: { unit: second, requests_per_unit: 500 }
    descriptors:
      - key: user
        rate_limit: { unit: MINUTE, requests_per_unit: 20 }
      - key: user
        value: vip
        rate_limit: { unlimited: true }
  - key: app
    shadow_mode: true
    rate_limit: { unit: hour, requests_per_unit: 7 }
`;
const entry = (words: string) =>
  words.split(" ").map((word) => ({ key: word.split("=")[0]!, value: word.split("=")[1] ?? "" }));

test("the limit of the exact value comes before that of every value; every level must match", () => {
  const { domain, children } = parseLimits(text);
  const find = (words: string) => findLimit([children], entry(words));
  expect(domain).toBe("money");
  expect(find("app=checkout")).toEqual({ requests: 500, unit: "second", unlimited: false, shadow: false });
  expect(find("app=checkout user=ana")).toMatchObject({ requests: 20, unit: "minute" });
  expect(find("app=checkout user=vip")).toMatchObject({ unlimited: true });
  expect(find("app=orders")).toMatchObject({ requests: 7, unit: "hour", shadow: true });
  for (const none of ["app=orders user=ana", "user=ana", "app=checkout region=x", "app=checkout user=ana more=1"])
    expect(find(none)).toBeUndefined();
});

test("a key or value can't pretend to be another pair", () => {
  const { children } = parseLimits(
    "domain: d\ndescriptors: [{ key: a, value: b=c, rate_limit: { unit: day, requests_per_unit: 1 } }]",
  );
  expect(findLimit([children], [{ key: "a=b", value: "c" }])).toBeUndefined();
  expect(findLimit([children], [{ key: "a", value: "b=c" }])).toBeDefined();
});

test.each([
  ["descriptors: []", "domain"],
  ["domain: d\nlimits: []", "limits"],
  ["domain: d\ndescriptors: [{ value: x }]", "descriptors[0].key"],
  [
    "domain: d\ndescriptors: [{ key: a, rate_limit: { unit: fortnight, requests_per_unit: 1 } }]",
    "descriptors[0].rate_limit.unit",
  ],
  [
    "domain: d\ndescriptors: [{ key: a, rate_limit: { unit: second, requests_per_unit: -1 } }]",
    "descriptors[0].rate_limit.requests_per_unit",
  ],
  ["domain: d\ndescriptors: [{ key: a, descriptors: [{ key: b }, { key: b }] }]", "descriptors[0].descriptors[1]"],
  ["domain: d\ndescriptors: [{ key: a, ratelimit: {} }]", "descriptors[0].ratelimit"],
  ["domain: [", ""],
])("%j is refused at %s", (broken, field) => {
  let error: unknown;
  try {
    parseLimits(broken);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(LimitConfigError);
  expect((error as LimitConfigError).field).toBe(field);
});
