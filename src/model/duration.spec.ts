import * as fc from "fast-check";
import { expect, test } from "vitest";
import { durationMs, durationPattern, formatDuration, parseDuration, suggestDuration } from "./duration.ts";

test.each([
  ["800ms", 800],
  ["3s", 3000],
  ["1.5s", 1500],
  ["2m", 120_000],
  ["1h", 3_600_000],
  ["1m30s", 90_000],
  ["0s", 0],
])("%s is %d ms", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(["", "3", "3 s", "3sec", "s", "-3s", "3S", "1d", "3s "])("%j isn't a duration", (text) => {
  expect(parseDuration(text)).toBeUndefined();
  expect(new RegExp(durationPattern).test(text)).toBe(false);
  expect(() => durationMs(text)).toThrow(RangeError);
});

test("what is written is read as the same", () => {
  fc.assert(
    fc.property(fc.nat(1e9), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBe(ms);
      expect(formatDuration(ms)).toMatch(new RegExp(durationPattern));
    }),
  );
  expect(formatDuration(90_000)).toBe("1m30s");
});

test.each([
  ["3 sec", "3s"],
  ["5", "5s or 5ms"],
  [3, "3s or 3ms"],
  ["10 Minutes", undefined],
  ["10 minutes", "10m"],
  ["2S", "2s"],
  ["soon", undefined],
  [-1, undefined],
])("%j was probably %s", (found, meant) => {
  expect(suggestDuration(found)).toBe(meant);
});
