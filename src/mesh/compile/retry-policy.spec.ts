import { describe, expect, it } from "vitest";
import { retryPolicy } from "./retry-policy.ts";

describe("retries", () => {
  it("are Istio's defaults when nothing is said", () => {
    expect(retryPolicy(undefined, false)).toMatchObject({
      numRetries: 2,
      retryOn: "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes",
      hostSelectionRetryMaxAttempts: 5n,
      retryHostPredicate: [{ name: "envoy.retry_host_predicates.previous_hosts" }],
    });
  });
  it("with 0 attempts there are none", () => {
    expect(retryPolicy({ attempts: 0 }, false)).toBeUndefined();
  });
  it("status codes among the conditions count as such", () => {
    expect(retryPolicy({ attempts: 3, retryOn: "gateway-error, 409,503" }, false)).toMatchObject({
      numRetries: 3,
      retryOn: "gateway-error,retriable-status-codes",
      retriableStatusCodes: [409, 503],
    });
    expect(retryPolicy({ attempts: 1, retryOn: "retriable-status-codes,500" }, false)).toMatchObject({
      retryOn: "retriable-status-codes",
      retriableStatusCodes: [500],
    });
  });
  it("under a consistent hash they may go to the same host", () => {
    expect(retryPolicy(undefined, true)?.retryHostPredicate).toEqual([]);
  });
});
