import { create } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { RetryPolicySchema } from "#gen/envoy/config/route/v3/route_components_pb.ts";
import { expect, test } from "vitest";
import { atOnce, type Exchange, type Failure } from "./exchange.ts";
import { backOff, isRetriable } from "./retry.ts";

const decision = { by: "x", words: "" };
const reply = (status: number, rateLimited = false): Exchange => ({
  kind: "reply",
  status,
  after: atOnce,
  decision,
  rateLimited,
});
const failure = (cause: Failure["cause"]): Exchange => ({ kind: "failure", cause, after: atOnce, decision });
const asked = (retryOn: string, ended: Parameters<typeof isRetriable>[1]) =>
  isRetriable(create(RetryPolicySchema, { retryOn, retriableStatusCodes: [503, 418] }), ended);

test.each([
  ["5xx", [500, 503, 504], [200, 404, 409, 429]],
  ["gateway-error", [502, 503, 504], [500, 409]],
  ["retriable-4xx", [409], [404, 408, 503]],
  ["retriable-status-codes", [503, 418], [500, 409]],
  ["connect-failure, reset", [], [503, 409]],
  ["", [], [503]],
])("%s", (condition, yes, no) => {
  for (const status of yes) expect(asked(condition, reply(status)), String(status)).toBe(true);
  for (const status of no) expect(asked(condition, reply(status)), String(status)).toBe(false);
});

test("a lost connection counts as 5xx; an overflow never is tried again", () => {
  for (const condition of ["5xx", "gateway-error", "reset"]) {
    expect(asked(condition, failure("terminated"))).toBe(true);
    expect(asked(condition, failure("overflow"))).toBe(false);
    expect(asked(condition, "per-try timeout")).toBe(true);
  }
  expect(asked("connect-failure", failure("connect-failure"))).toBe(true);
  expect(asked("connect-failure", failure("terminated"))).toBe(false);
  expect(asked("connect-failure", "per-try timeout")).toBe(false);
});

test("what was limited is tried again only where that is said", () => {
  expect(asked("5xx,retriable-status-codes", reply(503, true))).toBe(false);
  expect(asked("envoy-ratelimited", reply(429, true))).toBe(true);
});

test("back-off doubles up to ten times its base", () => {
  const policy = create(RetryPolicySchema, {});
  expect([1, 2, 3, 4, 5].map((retry) => backOff(policy, retry).to)).toEqual([25, 50, 100, 200, 250]);
  const own = create(RetryPolicySchema, {
    retryBackOff: { baseInterval: create(DurationSchema, { nanos: 10_000_000 }) },
  });
  expect(backOff(own, 2)).toEqual({ from: 0, to: 20 });
});
