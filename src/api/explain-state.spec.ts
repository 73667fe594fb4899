import { expect, test } from "vitest";
import type { Problem } from "../model/problem.ts";
import { parseState } from "./explain-state.ts";

test("nothing stated: the app answers 200 at once, nothing is in use, enough tokens are left", () => {
  expect(parseState({})).toEqual({
    via: "proxy",
    direct: false,
    stated: {
      answers: [{ status: 200, delayMs: 0 }],
      caller: {},
      callee: {},
      tokens: {},
      rateLimitService: true,
      tokenValid: true,
    },
  });
});

test("answers, one for each time that the app is asked", () => {
  expect(parseState({ status: "503, reset,200", delay: "1s500ms,0s" }).stated.answers).toEqual([
    { status: 503, delayMs: 1500 },
    { status: "reset", delayMs: 0 },
    { status: 200, delayMs: 0 },
  ]);
});

test("pools of both sides, tokens by limit", () => {
  const { stated } = parseState({
    requests: "2",
    "callee.requests": "3",
    "caller.retries": "1",
    tokens: "5",
    "tokens.0": "0",
  });
  expect(stated).toMatchObject({
    caller: { requests: 2, retries: 1 },
    callee: { requests: 3 },
    tokens: { "*": 5, "0": 0 },
  });
});

test("the way that it is sent", () => {
  expect(parseState({ via: "connect", direct: "127.17.3.1:8080" })).toMatchObject({
    via: "connect",
    direct: { address: "127.17.3.1", port: 8080 },
  });
});

test.each([
  [{ status: "20" }, "bad-format", "state.status"],
  [{ delay: "700" }, "bad-format", "state.delay"],
  [{ requests: "-1" }, "bad-format", "state.requests"],
  [{ via: "pigeon" }, "bad-format", "state.via"],
  [{ statuss: "200" }, "unknown-field", "state.statuss"],
  [{ "callee.retry": "1" }, "unknown-field", "state.callee.retry"],
])("%j is told as wrong", (state, code, field) => {
  expect(() => parseState(state as unknown as Record<string, string>)).toThrow(
    expect.objectContaining({ code, field, status: 400 }) as Problem,
  );
});
