import { describe, expect, it } from "vitest";
import { scaledValue } from "./int-or-percent.ts";

describe("scaledValue", () => {
  it("takes counts as they are", () => {
    expect(scaledValue(3, 10, "up")).toBe(3);
    expect(scaledValue("3", 10, "up")).toBe(3);
  });
  it("rounds percentages as asked", () => {
    expect(scaledValue("25%", 10, "up")).toBe(3);
    expect(scaledValue("25%", 10, "down")).toBe(2);
    expect(scaledValue("0%", 10, "up")).toBe(0);
  });
  it("knows nothing else", () => {
    expect(scaledValue(undefined, 10, "up")).toBeUndefined();
    expect(scaledValue("lots", 10, "up")).toBeUndefined();
  });
});
