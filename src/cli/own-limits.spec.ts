import { expect, test } from "vitest";
import { limitsText } from "./own-limits.ts";

test("what callers bring, and where it differs", () => {
  const search = { timeoutMs: 800 };
  expect(
    limitsText([
      { cluster: "bogota", callers: { search, orders: { timeoutMs: 2000, retries: { attempts: 0 } } } },
      { cluster: "lima", callers: { search, ads: { timeoutMs: 0, retries: { perTryTimeoutMs: 250 } } } },
    ]),
  ).toEqual([
    "← search: timeout 800 ms",
    "← orders: timeout 2 s, retries 0 (in bogota)",
    "← ads: timeout none, each try 250 ms (in lima)",
  ]);
  expect(limitsText([{ cluster: "bogota", callers: {} }])).toEqual([]);
});
