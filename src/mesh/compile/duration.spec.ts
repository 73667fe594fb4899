import { describe, expect, it } from "vitest";
import { duration, parseDuration } from "./duration.ts";

describe("durations", () => {
  it.each([
    ["1.5s", 1500],
    ["250ms", 250],
    ["1m30s", 90_000],
    ["24h", 86_400_000],
    ["0s", 0],
    ["0", 0],
  ])("%s is %i ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });
  it.each(["", "5", "s", "1 s", "-1s", "1.s", "soon"])("%j is none", (text) => {
    expect(parseDuration(text)).toBeUndefined();
    expect(() => duration(text)).toThrow("is not a duration");
  });
  it("become Envoy's, exactly", () => {
    expect(duration("0.35s")).toMatchObject({ seconds: 0n, nanos: 350_000_000 });
    expect(duration("90.25s")).toMatchObject({ seconds: 90n, nanos: 250_000_000 });
  });
});
