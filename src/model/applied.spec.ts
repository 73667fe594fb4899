import { expect, test } from "vitest";
import { lacking } from "./applied.ts";

const waits = "not applied yet";

test("up to what is applied wholly nothing is lacking, and what the worker hasn't heard of is", () => {
  expect(lacking({ applied: 5 }, "a", 5)).toBeUndefined();
  expect(lacking({ applied: 5 }, "a", 6)).toBe(waits);
  expect(lacking({ applied: 5, beyond: { upTo: 7, missing: [] } }, "a", 8)).toBe(waits);
});

test("what other apps wait for holds nobody up", () => {
  const seen = {
    applied: 5,
    beyond: { upTo: 9, missing: [{ from: 6, to: 6, apps: ["b"], error: "Deployment b: refused" }] },
  };
  expect(lacking(seen, "a", 9)).toBeUndefined();
  expect(lacking(seen, "b", 9)).toBe("Deployment b: refused");
  // Its own write is lacking whoever it has to do with.
  expect(lacking(seen, "a", 6)).toBe("Deployment b: refused");
});

test("what came later doesn't count, and what may concern anybody does", () => {
  const seen = (from: number) => ({ applied: 5, beyond: { upTo: 9, missing: [{ from, to: from }] } });
  expect(lacking(seen(8), "a", 7)).toBeUndefined();
  expect(lacking(seen(6), "a", 7)).toBe(waits);
});
