import { expect, test } from "vitest";
import { foldable, unfolded } from "./fold.ts";

const wave = (...clusters: string[]) => ({
  state: "waiting" as const,
  clusters: clusters.map((cluster) => ({ cluster, state: "waiting" as const, steps: [], back: [], revisions: [] })),
});
const many = wave(...Array.from({ length: 49 }, (_, index) => `c${index}`));

test("a small release shows every cord, a large one those of the waves that were opened", () => {
  expect(unfolded([wave("a"), wave("b", "c")], [])).toEqual(new Set([1, 2]));
  expect(unfolded([wave("a"), many], [])).toEqual(new Set([1]));
  expect(unfolded([wave("a"), many], [2, 7])).toEqual(new Set([1, 2]));
  expect([foldable([wave("a"), many], many), foldable([wave("a"), many], wave("a"))]).toEqual([true, false]);
});
