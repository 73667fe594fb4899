import { describe, expect, it } from "vitest";
import { effectivePolicy, type Rule } from "./destination-rule.ts";

const rule: Rule = {
  id: "ns/a",
  trafficPolicy: {
    connectionPool: { tcp: { maxConnections: 10 } },
    loadBalancer: { simple: "RANDOM" },
    retryBudget: { percent: 20 },
    portLevelSettings: [{ port: { number: 90 }, connectionPool: { tcp: { maxConnections: 90 } } }],
  },
  subsets: [
    { name: "r1", labels: {}, trafficPolicy: { connectionPool: { http: { http2MaxRequests: 5 } } } },
    { name: "r2", labels: {} },
  ],
};

describe("the policy of a port and subset", () => {
  it("is the host's where nothing else is said", () => {
    expect(effectivePolicy(rule, "", 80)).toEqual({
      connectionPool: { tcp: { maxConnections: 10 } },
      loadBalancer: { simple: "RANDOM" },
      retryBudget: { percent: 20 },
    });
    expect(effectivePolicy(rule, "r2", 80)).toEqual(effectivePolicy(rule, "", 80));
  });
  it("takes a subset's settings in place of the host's of the same kind, and keeps the others", () => {
    expect(effectivePolicy(rule, "r1", 80)).toMatchObject({
      connectionPool: { http: { http2MaxRequests: 5 } },
      loadBalancer: { simple: "RANDOM" },
    });
    expect(effectivePolicy(rule, "r1", 80).connectionPool?.tcp).toBeUndefined();
  });
  it("takes a port's settings alone: what they leave out is the default", () => {
    expect(effectivePolicy(rule, "", 90)).toEqual({
      connectionPool: { tcp: { maxConnections: 90 } },
      retryBudget: { percent: 20 },
    });
  });
});
