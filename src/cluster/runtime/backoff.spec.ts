import { expect, it } from "vitest";
import { afterExit, noBackoff } from "./backoff.ts";

it("restarts at once, then waits 10 s doubling to 5 min, and forgets after 10 min", () => {
  const delays: number[] = [];
  let backoff = noBackoff;
  for (let i = 0; i < 9; i++) {
    const next = afterExit(backoff, 100);
    delays.push(next.delayMs / 1000);
    backoff = next.backoff;
  }
  expect(delays).toEqual([0, 10, 20, 40, 80, 160, 300, 300, 300]);
  expect(afterExit(backoff, 600_000)).toEqual({ backoff: { failures: 1 }, delayMs: 0 });
});
