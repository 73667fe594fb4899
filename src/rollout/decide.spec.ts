import { describe, expect, it } from "vitest";
import { decide } from "./decide.ts";
import { personMs, type Observation } from "./gates.ts";
import type { Plan } from "./plan.ts";
import { after, notBegun } from "./state.ts";

const plan = {
  app: "a",
  number: 2,
  parts: ["edges"],
  revision: "r1",
  roster: { app: "a" },
  lanes: {},
  reach: {},
  bases: [],
  waves: [],
  progressDeadlineMs: 1000,
} as unknown as Plan;
const before = { roster: null, lanes: {}, sizes: {} };
const nothing: Observation = { seen: new Map(), acknowledged: new Map(), looks: new Map() };
/** All its waves are over, what comes next is to narrow; somebody paused it. */
const paused = [
  { kind: "write", cell: "", step: 2, revision: 0, wrote: false },
  { kind: "held", cell: "", evidence: "" },
  { kind: "command", command: { kind: "pause", by: "ana", at: 0 } },
] as const;
const state = paused.reduce((so, happened) => after(so, happened, 0), notBegun);

describe("a pause after the last wave", () => {
  it("is waited for, and says that the release goes on then", () => {
    expect(decide(plan, before, state, nothing, 5)).toMatchObject({
      kind: "wait",
      waits: [{ kind: "person", until: personMs, then: "it goes on" }],
    });
    expect(decide(plan, before, state, nothing, personMs)).toMatchObject({ kind: "act", acts: [{ kind: "write" }] });
  });

  it("doesn't hold up a newer release for ever", () => {
    expect(decide(plan, before, state, { ...nothing, newer: 3 }, 5)).toMatchObject({
      kind: "act",
      acts: [{ kind: "write", step: 3 }],
    });
  });
});
