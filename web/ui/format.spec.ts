import { expect, test } from "vitest";
import { age, bytes, clock, count, duration, list, number, percent } from "./format.ts";

test.each([
  [0, "0"],
  [0.04, "0.04"],
  [3.14, "3.1"],
  [9.96, "10"],
  [48.4, "48"],
  [1250, "1,250"],
  [null, "–"],
  [Number.NaN, "–"],
])("number %j is %s", (value, text) => {
  expect(number(value)).toBe(text);
});
test.each([
  [0, "0"],
  [0.004, "<0.01"],
  [0.5, "0.50"],
  [1.25, "1.3"],
  [99.995, ">99.99"],
  [100, "100"],
  [undefined, "–"],
])("percent %j is %s", (value, text) => {
  expect(percent(value)).toBe(text);
});
test.each([
  [300, "now"],
  [8_900, "8 s"],
  [300_000, "5 min"],
  [7_200_000, "2 h"],
  [172_800_000, "2 d"],
  [null, "–"],
])("age %j is %s", (value, text) => {
  expect(age(value)).toBe(text);
});
test.each([
  [500, "500 ms"],
  [1000, "1 s"],
  [1500, "1.5 s"],
  [90_000, "1.5 min"],
  [3_600_000, "1 h"],
])("duration %j is %s", (value, text) => {
  expect(duration(value)).toBe(text);
});
test.each([
  [0, "0:00"],
  [6_600, "0:07"],
  [59_700, "1:00"],
  [750_000, "12:30"],
  [3_900_000, "1:05:00"],
  [604_000_000, "6 d 23 h"],
])("clock %j is %s", (value, text) => {
  expect(clock(value)).toBe(text);
});
test("counts, bytes and lists", () => {
  expect([count(1, "request"), count(1024, "request"), count(2, "retry", "retries")]).toEqual([
    "1 request",
    "1,024 requests",
    "2 retries",
  ]);
  expect([bytes(12), bytes(1500), bytes(2_340_000)]).toEqual(["12 B", "1.5 kB", "2.3 MB"]);
  expect([list([]), list(["a"]), list(["a", "b"]), list(["a", "b", "c"], "or")]).toEqual([
    "",
    "a",
    "a and b",
    "a, b or c",
  ]);
});
