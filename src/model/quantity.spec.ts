import { expect, test } from "vitest";
import { parseQuantity, suggestQuantity } from "./quantity.ts";

test.each([
  ["cpu", "250m", 0.25],
  ["cpu", 2, 2],
  ["cpu", "1.5", 1.5],
  ["memory", "256Mi", 268_435_456],
  ["memory", "1G", 1e9],
  ["memory", 1000, 1000],
  ["memory", "1.5Ki", 1536],
] as const)("%s %s", (unit, text, amount) => {
  expect(parseQuantity(unit, text)).toBe(amount);
});

test.each([
  ["cpu", "250 m"],
  ["cpu", "1Gi"],
  ["memory", "256MB"],
  ["memory", "1gi"],
  ["memory", "m"],
  ["memory", ""],
] as const)("%s %j isn't one", (unit, text) => {
  expect(parseQuantity(unit, text)).toBeUndefined();
});

test.each([
  ["memory", "256MB", "256M"],
  ["memory", "1gb", "1G"],
  ["memory", "512mi", "512Mi"],
  ["memory", "1 GiB", "1Gi"],
  ["memory", "5KB", "5k"],
  ["memory", "5 apples", undefined],
  ["cpu", "250 millicores", "250m"],
  ["cpu", "2 cores", "2"],
] as const)("%s %j was probably %s", (unit, found, meant) => {
  expect(suggestQuantity(unit, found)).toBe(meant);
});
