import { expect, test } from "vitest";
import { staleAfterChange, staleAfterSeen } from "./events.ts";

test("a change makes old what shows it", () => {
  expect(staleAfterChange({ kind: "App", name: "catalog" })).toEqual([["apps"], ["app", "catalog"]]);
  expect(staleAfterChange({ kind: "Release", name: "catalog-r12" })).toEqual([["apps"], ["fleet"], ["app", "catalog"]]);
  expect(staleAfterChange({ kind: "Segment", name: "food" })).toEqual([["names", "segments"]]);
  expect(staleAfterChange({ kind: "Policy", name: "p" })).toEqual([]);
});

test("pods that were seen concern their apps, their list and the cluster", () => {
  expect(staleAfterSeen({ cluster: "bogota", ready: { catalog: {} } })).toEqual([
    ["clusters"],
    ["cluster", "bogota"],
    ["apps"],
    ["app", "catalog"],
  ]);
  expect(staleAfterSeen({ cluster: "bogota", ready: {} })).toEqual([["clusters"], ["cluster", "bogota"]]);
});
