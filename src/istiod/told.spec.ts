import { describe, expect, it } from "vitest";
import type { StepAnswer } from "./step-answer.ts";
import { told } from "./told.ts";

const all: StepAnswer = { replicas: 2, concerned: 3, lacking: [], unproven: [], away: [], moving: [] };
const lacks = { id: "shop-1.money", type: "RouteConfiguration", how: "lacks" } as const;

describe("what istiods' answers mean", () => {
  it("everybody has it", () => {
    expect(told(all, "advance", 15_000)).toEqual({ done: true, evidence: "3 of 3 proxies, by 2 istiods" });
    expect(told({ ...all, replicas: 1 }, "remove", 15_000)).toEqual({ done: true, evidence: "3 of 3 proxies" });
  });

  it("who refuses it is named before who is slow, and only a refusal that stands ends the step", () => {
    const rejects = { id: "cart-1.money", type: "Cluster", how: "rejects", message: "bad" } as const;
    expect(told({ ...all, lacking: [lacks, rejects] }, "advance", 15_000)).toEqual({
      done: false,
      rejected: true,
      evidence: "1 of 3 proxies, by 2 istiods; cart-1.money rejects Cluster: bad",
    });
    for (const how of ["rejected", "perhaps"] as const) {
      const told_ = told({ ...all, lacking: [lacks, { ...lacks, how }] }, "advance", 15_000);
      expect(told_).not.toHaveProperty("rejected");
      expect(told_).toMatchObject({ done: false, evidence: expect.stringContaining("has rejected") as string });
    }
    expect(told({ ...all, lacking: [lacks] }, "advance", 15_000).evidence).toBe(
      "2 of 3 proxies, by 2 istiods; shop-1.money lacks RouteConfiguration",
    );
  });

  it("who isn't connected is excused to advance, unless it was there a moment ago, and never to remove", () => {
    const away = { ...all, away: ["shop-2.money"] };
    expect(told(away, "advance", 15_000)).toEqual({
      done: true,
      evidence: "3 of 3 proxies, by 2 istiods; not connected and excused: shop-2.money",
    });
    expect(told({ ...away, moving: ["shop-2.money"] }, "advance", 15_000).done).toBe(false);
    expect(told(away, "remove", 15_000)).toEqual({
      done: false,
      evidence: "3 of 3 proxies, by 2 istiods; not connected, and perhaps still in use: shop-2.money",
    });
  });

  it("without a proof it waits from when istiod knows it, and says so; it never waits somebody away who lacks something", () => {
    const unproven = { ...all, unproven: ["shop-1.money"] };
    expect(told(unproven, "advance", 15_000).done).toBe(false);
    expect(told({ ...unproven, knownForMs: 14_999 }, "advance", 15_000).done).toBe(false);
    expect(told({ ...unproven, knownForMs: 15_000 }, "advance", 15_000)).toEqual({
      done: true,
      evidence:
        "2 of 3 proxies, by 2 istiods; shop-1.money acknowledged all that was sent, but that this was among it is unproven: waited 15s since istiod knew it",
    });
    expect(told({ ...unproven, lacking: [lacks], knownForMs: 99_000 }, "advance", 15_000).done).toBe(false);
  });
});
