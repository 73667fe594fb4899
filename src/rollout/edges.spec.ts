import { describe, expect, it } from "vitest";
import type { EdgeStage, Roster } from "../model/rows.ts";
import { restoreEdges, widenEdges } from "./edges.ts";

const edge = (stage: EdgeStage) => ({ rules: [{}], stage, segment: "money" });
const roster = (app: string, edges: Roster["edges"] = {}): Roster => ({
  app,
  segment: "money",
  team: "t",
  revisions: ["r1"],
  ports: [],
  edges,
  outside: [],
  consents: [],
  hosts: [],
});

describe("edges when a release admits", () => {
  const target = { callee: edge("wanted") };
  const widened = (now: Roster["edges"], callees: string[]) =>
    widenEdges(now, target, roster("caller", target), new Map(callees.map((name) => [name, roster(name)]))).callee!
      .stage;

  it.each([
    ["one to an app that is there is admitted", {}, ["callee"], "admitted"],
    ["one to an app that isn't there waits", {}, [], "wanted"],
    ["one that is open stays so", { callee: edge("open") }, ["callee"], "open"],
    ["one that the callee is closing isn't opened again beside it", { callee: edge("closing") }, ["callee"], "closing"],
  ] as const)("%s", (_, now, callees, stage) => {
    expect(widened(now, [...callees])).toBe(stage);
  });
});

describe("edges of a release that is taken back", () => {
  it("keep the stage that they came to meanwhile: what the callee closes isn't opened again", () => {
    const before = { kept: edge("open"), closed: edge("open") };
    const now = { kept: edge("open"), closed: edge("closing"), mine: edge("closing") };
    expect(restoreEdges(now, before, [])).toEqual({ kept: edge("open"), closed: edge("closing") });
  });
});
