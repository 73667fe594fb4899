import { expect, test } from "vitest";
import { everyWay } from "./ways.ts";

test("every combination once, with its chance; what has no weight never happens", () => {
  const { ways, complete } = everyWay((choose) => {
    const first = choose([1, 3, 0]);
    return first === 0 ? "a" : `b${choose([1, 1])}`;
  }, 10);
  expect(ways).toEqual([
    { chance: 0.25, result: "a" },
    { chance: 0.375, result: "b0" },
    { chance: 0.375, result: "b1" },
  ]);
  expect(complete).toBe(true);
});

test("no choice, one way", () => {
  expect(everyWay(() => "only", 10)).toEqual({ ways: [{ chance: 1, result: "only" }], complete: true });
});

test("it stops at the limit and says so", () => {
  const { ways, complete } = everyWay((choose) => [choose([1, 1]), choose([1, 1]), choose([1, 1])].join(""), 5);
  expect(ways.map(({ result }) => result)).toEqual(["000", "001", "010", "011", "100"]);
  expect(complete).toBe(false);
});
