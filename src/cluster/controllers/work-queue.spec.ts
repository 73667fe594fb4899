import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { WorkQueue } from "./work-queue.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("looks at a key once however often it is added, and never inside add", () => {
  const seen: string[] = [];
  const queue = new WorkQueue(
    (key) => {
      seen.push(key);
    },
    () => {},
  );
  queue.add("a");
  queue.add("a");
  queue.add("b");
  expect(seen).toEqual([]);
  vi.runAllTimers();
  expect(seen).toEqual(["a", "b"]);
});

it("comes back when asked to, and after failures with growing delays", () => {
  const seen: number[] = [];
  const failures: unknown[] = [];
  const queue = new WorkQueue(
    () => {
      seen.push(Date.now());
      if (seen.length <= 2) throw new Error("no");
      return seen.length === 3 ? 5000 : undefined;
    },
    (_key, error) => failures.push(error),
  );
  const began = Date.now();
  queue.add("a");
  vi.runAllTimers();
  // The faked setImmediate takes a millisecond of the faked clock.
  expect(seen.map((at) => Math.floor((at - began) / 10) * 10)).toEqual([0, 100, 300, 5300]);
  expect(failures).toHaveLength(2);
});

it("does nothing after it was stopped", () => {
  const seen: string[] = [];
  const queue = new WorkQueue(
    (key) => {
      seen.push(key);
    },
    () => {},
  );
  queue.add("a");
  queue.stop();
  queue.add("b");
  vi.runAllTimers();
  expect(seen).toEqual([]);
});
