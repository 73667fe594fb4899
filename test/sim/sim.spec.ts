import { describe, expect, it } from "vitest";
import { bugs } from "./broken.ts";
import { historyOf } from "./history.ts";
import { describeFailure } from "./report.ts";
import { shrink } from "./shrink.ts";
import { simulate, type Broken, type Outcome } from "./simulation.ts";

/** The first history from a seed on that breaks an invariant; undefined: none of so many does. */
async function firstFailure(
  broken: Broken,
  histories: number,
): Promise<{ seed: number; outcome: Outcome } | undefined> {
  for (let seed = 1; seed <= histories; seed++) {
    const outcome = await simulate(historyOf(seed), broken);
    if (outcome.violation !== undefined) return { seed, outcome };
  }
  return undefined;
}

describe("the simulation of releases", () => {
  it("replays a seed exactly", async () => {
    for (const seed of [3, 4]) {
      const [one, two] = [await simulate(historyOf(seed)), await simulate(historyOf(seed))];
      expect(one.entries.length).toBeGreaterThan(50);
      expect(two).toEqual(one);
    }
    expect((await simulate(historyOf(5))).hash).not.toBe((await simulate(historyOf(6))).hash);
  });

  it("finds nothing wrong with the engine in these histories", async () => {
    expect(await firstFailure({}, 20)).toBeUndefined();
  });

  it.each(Object.keys(bugs))("finds: %s", { timeout: 300_000 }, async (name) => {
    const found = await firstFailure(bugs[name]!, 60);
    expect(found?.outcome.violation).toBeDefined();
  });

  it(
    "shrinks a failing history to one that fails in the same way, and says what happened",
    { timeout: 300_000 },
    async () => {
      const bug = bugs["weights don't add up after a shift"]!;
      const { seed, outcome } = (await firstFailure(bug, 60))!;
      const least = await shrink(historyOf(seed), bug);
      expect(least.outcome.violation!.invariant).toBe(outcome.violation!.invariant);
      expect(least.history.events.length).toBeLessThan(historyOf(seed).events.length / 2);
      expect((await simulate(least.history, bug)).hash).toBe(least.outcome.hash);
      expect(describeFailure(seed, least.history, least.outcome)).toContain("weights sum to 100");
    },
  );
});
