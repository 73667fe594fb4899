import { expect, it } from "vitest";
import { parseQuantity } from "./quantity.ts";

it.each([
  ["250m", 0.25],
  ["2", 2],
  ["64Mi", 64 * 2 ** 20],
  ["1.5G", 1.5e9],
  ["1e3", 1000],
  ["12E", 12e18],
])("%s is %d", (text, value) => expect(parseQuantity(text)).toBeCloseTo(value, 6));
it.each(["", "lots", "1 Gi", "1KB"])("%j is none", (text) => expect(parseQuantity(text)).toBeUndefined());
