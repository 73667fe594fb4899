import { describe, expect, it } from "vitest";
import { authorizationRule, type RuleOptions } from "./authorization-rule.ts";

const http: RuleOptions = { trustDomain: "quipu.local", layer: "http", action: "ALLOW" };

describe("an authorization rule", () => {
  it("that says nothing holds for everything", () => {
    expect(authorizationRule({}, http)).toEqual({
      permissions: [{ rule: { case: "any", value: true } }],
      principals: [{ identifier: { case: "any", value: true } }],
    });
  });
  it("takes cluster.local for the mesh's own trust domain", () => {
    expect(
      authorizationRule({ from: [{ source: { principals: ["cluster.local/ns/a/sa/b"] } }] }, http)?.principals,
    ).toMatchObject([
      {
        identifier: {
          case: "authenticated",
          value: { principalName: { matchPattern: { case: "exact", value: "spiffe://quipu.local/ns/a/sa/b" } } },
        },
      },
    ]);
  });
  it("on TCP: an ALLOW rule that needs HTTP never holds, a DENY rule leaves that out and denies more", () => {
    const rule = { to: [{ operation: { methods: ["GET"], ports: ["80"] } }] };
    expect(authorizationRule(rule, { ...http, layer: "tcp" })).toBeUndefined();
    expect(authorizationRule(rule, { ...http, layer: "tcp", action: "DENY" })?.permissions).toEqual([
      { rule: { case: "destinationPort", value: 80 } },
    ]);
  });
  it("with a condition that isn't known never holds", () => {
    expect(authorizationRule({ when: [{ key: "no.such.key", values: ["x"] }] }, http)).toBeUndefined();
  });
  it.each([
    ["/a*", { case: "prefix", value: "/a" }],
    ["*/a", { case: "suffix", value: "/a" }],
    ["/a", { case: "exact", value: "/a" }],
    ["*", { case: "safeRegex", value: { regex: ".+" } }],
  ])("matches the path %s", (path, matchPattern) => {
    expect(authorizationRule({ to: [{ operation: { paths: [path] } }] }, http)?.permissions).toMatchObject([
      { rule: { case: "urlPath", value: { rule: { value: { matchPattern } } } } },
    ]);
  });
});
