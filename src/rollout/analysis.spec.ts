import { expect, test } from "vitest";
import { impossible } from "./analysis.ts";
import type { AnalysisSpec } from "./verdict.ts";

const spec: AnalysisSpec = { intervalMs: 10_000, minRequests: 50, failureLimit: 3, noTraffic: "pass" };
const minute = 60_000;

test.each<[string, Partial<AnalysisSpec>]>([
  ["the defaults", {}],
  ["no failure at all", { successRate: 100 }],
  ["anything goes", { successRate: 0 }],
  ["few requests", { minRequests: 0 }],
  ["an interval beyond the hold, for the hold is extended", { intervalMs: 5 * minute }],
])("possible: %s", (_, part) => {
  expect(impossible({ ...spec, ...part }, [minute, 2 * minute], 10 * minute)).toBeUndefined();
});

test.each<[Partial<AnalysisSpec>, string, string | number]>([
  [{ successRate: 100.5 }, "analysis.successRate", 100.5],
  [{ successRate: Number.NaN }, "analysis.successRate", Number.NaN],
  [{ p99Ms: 0 }, "analysis.p99", "0ms"],
  [{ intervalMs: 11 * minute }, "analysis.interval", "11m"],
  [{ intervalMs: 10 * minute }, "analysis.interval", "10m"],
  [{ minRequests: 1e9 }, "analysis.minRequests", 1e9],
])("impossible: %o", (part, field, found) => {
  expect(impossible({ ...spec, ...part }, [minute, 2 * minute], 10 * minute)).toMatchObject({ field, found });
});

test("says what would do", () => {
  expect(impossible({ ...spec, intervalMs: 3_600_000 }, [30_000, 7_200_000], 10 * minute)).toEqual({
    field: "analysis.interval",
    found: "1h",
    accepted: "at most 9m55s, or a longer progressDeadline",
    reason: "A step is given up after 10m, before its first look has ended and been read.",
  });
});
