import { describe, expect, it } from "vitest";
import type { Lane } from "../model/rows.ts";
import { laneAfter, shifted } from "./lane-rows.ts";
import type { Before, Plan } from "./plan.ts";
import type { LaneStep } from "./program.ts";

type Home = Extract<Lane, { kind: "home" }>;
const was: Home = {
  app: "a",
  cluster: "x",
  kind: "home",
  live: { r1: "w1" },
  ready: ["r1"],
  floors: {},
  scale: "s1",
  weights: { r1: 100 },
  traffic: "t1",
  calls: "c1",
  good: "r1",
};
const plan = {
  app: "a",
  revision: "r2",
  lanes: { x: { workload: "w2", scale: "s2", traffic: "t2", calls: "c2", min: 1 } },
} as unknown as Plan;
const before = (...lanes: Lane[]): Before => ({
  roster: null,
  lanes: Object.fromEntries(lanes.map((lane) => [lane.cluster, lane])),
  sizes: { x: 4 },
});
const lanes = (...of: (Lane | undefined)[]) =>
  new Map(of.flatMap((lane) => (lane === undefined ? [] : [[lane.cluster, lane]])));
const forward: LaneStep[] = [
  { do: "create", floor: 2 },
  { do: "subset" },
  { do: "weight", weight: 50, holdMs: 0, judged: true },
  { do: "weight", weight: 100, holdMs: 0, judged: true },
  { do: "traffic", holdMs: 0, judged: true },
  { do: "settle", removes: true },
  { do: "remove" },
];
const through = (steps: readonly LaneStep[], from: Lane | undefined = was, known = before(was)) =>
  steps.reduce<Lane | undefined>(
    (lane, step) => laneAfter(step, plan, known, "x", lanes(lane)) ?? undefined,
    from,
  ) as Home;

describe("a lane", () => {
  it("is made before it breaks: pods, subset, weight, and only then is the new one good and the old one gone", () => {
    const created = through(forward.slice(0, 1));
    expect(created).toMatchObject({ live: { r1: "w1", r2: "w2" }, ready: ["r1"], weights: { r1: 100 }, good: "r1" });
    // What carries everything keeps its size, whatever its load says meanwhile.
    expect(created.floors).toEqual({ r1: 4, r2: 2 });
    expect(through(forward.slice(0, 4))).toMatchObject({ good: "r1", weights: { r2: 100 }, ready: ["r1", "r2"] });
    expect(through(forward.slice(0, 6))).toMatchObject({ good: "r2", ready: ["r2"], live: { r1: "w1", r2: "w2" } });
    expect(through(forward)).toMatchObject({ live: { r2: "w2" }, floors: {}, traffic: "t2", calls: "c2", scale: "s2" });
  });

  it("changes nothing when a step is done again", () => {
    for (let upTo = 1; upTo <= forward.length; upTo++) {
      const once = through(forward.slice(0, upTo));
      expect(laneAfter(forward[upTo - 1]!, plan, before(was), "x", lanes(once))).toEqual(once);
    }
  });

  it("goes back from any step to what it was", () => {
    const back: LaneStep[] = [
      { do: "recreate", revision: "r1", floor: 4 },
      { do: "resubset" },
      { do: "back" },
      { do: "unsubset" },
      { do: "discard" },
    ];
    for (let upTo = 1; upTo <= forward.length; upTo++)
      expect(through([...forward.slice(0, upTo), ...back])).toEqual(was);
  });

  it("goes back to what serves, without what an earlier release left behind", () => {
    const left: Home = { ...was, live: { r0: "w0", r1: "w1" }, ready: ["r0", "r1"], floors: { r0: 1, r1: 2 } };
    const steps: LaneStep[] = [...forward.slice(0, 3), { do: "back" }, { do: "unsubset" }, { do: "discard" }];
    expect(through(steps, left, before(left))).toEqual(was);
    // Where two share the requests, both serve, and keep their size.
    const shared: Home = { ...left, weights: { r0: 40, r1: 60 } };
    expect(through(steps, shared, before(shared))).toEqual(shared);
  });

  it("goes on with its lead's weights where only callers were, until pods of its own are ready", () => {
    const follows: Lane = { app: "a", cluster: "x", kind: "reach", lead: "y" };
    const known = before(follows, { ...was, cluster: "y" });
    // What the lead gave before the release may be gone there by now.
    const lead: Lane = { ...was, cluster: "y", weights: { r2: 100 }, good: "r2" };
    expect(laneAfter(forward[0]!, plan, known, "x", lanes(follows, lead))).toMatchObject({
      weights: { r2: 100 },
      good: null,
    });
    expect(laneAfter({ do: "discard" }, plan, known, "x", lanes(was))).toEqual(known.lanes["x"]);
  });
});

const shares: Record<string, number>[] = [{ r0: 33, r1: 67 }, { r0: 1, r1: 99 }, { r1: 100 }];

describe("weights", () => {
  it("are whole and sum to 100, whatever they were shared among", () => {
    for (let weight = 1; weight <= 100; weight++)
      for (const weights of shares) {
        const found = Object.values(shifted("r2", weight, { ...was, weights }));
        expect(found.every((share) => Number.isInteger(share) && share > 0)).toBe(true);
        expect(found.reduce((sum, share) => sum + share, 0)).toBe(100);
      }
  });

  it("are all the new one's where nothing carried any", () => {
    expect(shifted("r2", 5, undefined)).toEqual({ r2: 100 });
  });
});
