import { describe, expect, it } from "vitest";
import type { Before, Plan } from "./plan.ts";
import { activeCells, isDone, programOf, stageOf, wavesOver } from "./position.ts";
import { notBegun, type Cell, type ReleaseState } from "./state.ts";

const plan = {
  app: "a",
  revision: "r1",
  roster: {},
  parts: ["workload"],
  reach: {},
  waves: [{ clusters: ["x", "y"], maxConcurrent: 1 }],
  lanes: { x: { min: 1 }, y: { min: 1 } },
} as unknown as Plan;
const before: Before = { roster: null, lanes: {}, sizes: {} };
const cell = (step: number, heldAt: number | null = null): Cell => ({ step, revision: 1, wrote: true, at: 0, heldAt });
const at = (step: number, lanes: ReleaseState["lanes"] = {}): ReleaseState => ({
  ...notBegun,
  fleet: cell(step),
  lanes,
});
const failed = (lanes: ReleaseState["lanes"], kept: string[] = []): ReleaseState => ({
  ...at(0, lanes),
  failedIn: 2,
  failure: { code: "unhealthy", reason: "", blamed: [], kept },
});

describe("the position of a release", () => {
  it("is a stage of the fleet, forward or back", () => {
    expect(stageOf(plan, before, notBegun)).toBeUndefined();
    expect(stageOf(plan, before, at(2))).toEqual({ do: "wave", wave: 0 });
    expect(stageOf(plan, before, failed({}))).toEqual({ do: "unwave", wave: 0 });
  });

  it("is past its waves only in the stages after them", () => {
    expect([0, 1, 2, 3, 4].map((step) => wavesOver(plan, before, at(step)))).toEqual([false, false, false, true, true]);
  });

  it("leads back only where it had come to, and not where it is kept", () => {
    const lanes = { x: cell(2) };
    expect(programOf(plan, before, failed(lanes), "x").map((step) => step.do)).toEqual(["back", "unsubset", "discard"]);
    expect(programOf(plan, before, failed(lanes), "y")).toEqual([]);
    expect(programOf(plan, before, failed(lanes, ["x"]), "x")).toEqual([]);
  });

  it("a cluster is done when its last step is held, not when it is written", () => {
    const program = programOf(plan, before, at(2), "x");
    const last = program.length - 1;
    expect(isDone(program, cell(last))).toBe(false);
    expect(isDone(program, cell(last, 5))).toBe(true);
    expect(activeCells(plan, before, at(2, { x: cell(last, 5), y: cell(0) })).map(({ name }) => name)).toEqual(["y"]);
    expect(activeCells(plan, before, at(3)).map(({ name }) => name)).toEqual([""]);
  });
});
