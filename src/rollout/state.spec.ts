import { describe, expect, it } from "vitest";
import { fleetCell } from "./plan.ts";
import { after, cellOf, notBegun, type Failure, type Happened } from "./state.ts";

const write = (cell: string, step: number, revision = 0): Happened => ({
  kind: "write",
  cell,
  step,
  revision,
  wrote: revision > 0,
});
const failure: Failure = { code: "unhealthy", reason: "no", blamed: [], kept: [] };
const told = (...records: Happened[]) => records.reduce((state, record, at) => after(state, record, at), notBegun);

describe("where a release stands follows from its records", () => {
  it("a step that changes no row keeps the revision that proxies must have", () => {
    const state = told(write("lima", 0, 7), write("lima", 1));
    expect(cellOf(state, "lima")).toEqual({ step: 1, revision: 7, wrote: false, at: 1, heldAt: null });
  });

  it("is held from its receipt on, and the next step isn't", () => {
    const held = told(write("lima", 0, 7), { kind: "held", cell: "lima", evidence: "2 of 2 proxies" });
    expect(cellOf(held, "lima")!.heldAt).toBe(1);
    expect(cellOf(after(held, write("lima", 1, 8), 2), "lima")!.heldAt).toBeNull();
  });

  it("a failure begins the way back, and remembers where the way forward ended", () => {
    const state = told(write(fleetCell, 2), write("lima", 3, 7), { kind: "fail", failure });
    expect(state).toMatchObject({ failedIn: 2, fleet: null });
    expect(cellOf(state, "lima")).toBeUndefined();
    expect(state.lanes["lima"]!.step).toBe(3);
    expect(cellOf(after(state, write("lima", 0, 9), 9), "lima")).toMatchObject({ step: 0, revision: 9 });
  });

  it("a second failure changes what is kept, not where it failed", () => {
    const kept = { ...failure, kept: ["lima"] };
    const state = told(write(fleetCell, 2), { kind: "fail", failure }, write(fleetCell, 0), {
      kind: "fail",
      failure: kept,
    });
    expect(state).toMatchObject({ failure: kept, failedIn: 2, fleet: { step: 0 } });
  });

  it("a pause ends by resuming or by giving up", () => {
    const command = (kind: "pause" | "resume" | "abort", at: number): Happened => ({
      kind: "command",
      command: { kind, by: "ana", at },
    });
    expect(told(command("pause", 0)).paused).toMatchObject({ by: "ana" });
    expect(told(command("pause", 0), command("resume", 1)).paused).toBeUndefined();
    const aborted = told(command("pause", 0), command("abort", 1));
    expect(aborted.paused).toBeUndefined();
    expect(aborted.abort).toMatchObject({ at: 1 });
  });
});
