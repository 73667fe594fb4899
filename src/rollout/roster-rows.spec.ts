import { describe, expect, it } from "vitest";
import type { Roster } from "../model/rows.ts";
import type { Before, Plan, Rows } from "./plan.ts";
import type { Stage } from "./program.ts";
import { callerAfter, nothingTouched, rosterAfter, touchedBack, touchedBy, unadmitted } from "./roster-rows.ts";

type Edge = Roster["edges"][string];
const edge = (stage: Edge["stage"]): Edge => ({ rules: [{}], stage, segment: "s" });
const roster = (app: string, change: Partial<Roster> = {}): Roster => ({
  app,
  segment: "s",
  team: "t",
  revisions: [],
  ports: [],
  edges: {},
  outside: [],
  hosts: [],
  consents: [],
  ...change,
});
const rowsOf = (...rosters: Roster[]): Rows => ({
  rosters: new Map(rosters.map((one) => [one.app, one])),
  lanes: new Map(),
  bases: new Map(),
});
const planOf = (target: Roster | null, revision: string | null = "r1"): Plan =>
  ({ app: "a", revision, roster: target }) as Plan;
const nothing: Before = { roster: null, lanes: {}, sizes: {} };
const stage = (kind: Stage["do"]): Stage => ({ do: kind }) as Stage;

describe("edges of a release", () => {
  it("a callee's first release admits calls that waited, and opens them when it carries everything", () => {
    const caller = roster("b", { edges: { a: edge("wanted") } });
    const plan = planOf(roster("a"));
    const touched = touchedBy(plan, rowsOf(caller));
    expect(touched).toEqual({ calls: [], callers: ["b"], withdrawn: [] });
    const admitted = callerAfter(stage("admit"), plan, nothing, caller, touched, false)!;
    expect(admitted.edges["a"]!.stage).toBe("admitted");
    expect(callerAfter(stage("switch"), plan, nothing, admitted, touched, false)!.edges["a"]!.stage).toBe("open");
  });

  it("what was admitted and never opened waits again", () => {
    const caller = roster("b", { edges: { a: edge("admitted") } });
    const touched = { calls: [], callers: ["b"], withdrawn: [] };
    expect(unadmitted("a", touched, rowsOf(caller).rosters)[0]!.edges["a"]!.stage).toBe("wanted");
    const open = roster("b", { edges: { a: edge("open") } });
    expect(unadmitted("a", touched, rowsOf(open).rosters)).toEqual([]);
  });

  it("a caller that came while its consent was withheld is admitted and opened when the consent returns", () => {
    const was: Before = { ...nothing, roster: roster("a", { consents: [{ app: "b" }] }) };
    const plan = planOf(roster("a", { consents: [{ app: "c" }] }));
    const caller = roster("b", { segment: "other", edges: { a: edge("wanted") } });
    const touched = touchedBack(plan, was, nothingTouched, rowsOf(caller, roster("d", { edges: { a: edge("open") } })));
    expect(touched).toEqual({ calls: [], callers: [], withdrawn: ["b"] });
    const admitted = callerAfter(stage("shut"), plan, was, caller, touched, false)!;
    expect(admitted.edges["a"]!.stage).toBe("admitted");
    expect(callerAfter(stage("restore"), plan, was, admitted, touched, false)!.edges["a"]!.stage).toBe("open");
  });

  it("a caller whose consent is withdrawn counts as one that may call, until the release narrows", () => {
    const plan = planOf(roster("a", { consents: [] }));
    const caller = roster("b", { segment: "other", edges: { a: edge("open") } });
    const touched = touchedBy(plan, rowsOf(roster("a", { consents: [{ app: "b" }] }), caller));
    expect(touched.withdrawn).toEqual(["b"]);
    const closing = callerAfter(stage("admit"), plan, nothing, caller, touched, false)!;
    expect(closing.edges["a"]!.stage).toBe("closing");
    // A proxy of it that is out of contact still has its routes: what they lead to stays until all have been heard.
    for (const when of ["open", "switch"] as const)
      expect(callerAfter(stage(when), plan, nothing, closing, touched, false)).toBeUndefined();
    expect(callerAfter(stage("narrow"), plan, nothing, closing, touched, false)!.edges["a"]!.stage).toBe("wanted");
  });

  it("an app that is withdrawn closes its calls before its Roster goes", () => {
    const now = roster("a", { edges: { b: edge("open") } });
    const closing = rosterAfter(
      stage("switch"),
      planOf(null, null),
      nothing,
      now,
      rowsOf(now),
      touchedBy(planOf(null), rowsOf(now)),
    );
    expect(closing!.edges["b"]!.stage).toBe("closing");
    expect(
      rosterAfter(stage("narrow"), planOf(null, null), nothing, now, rowsOf(now), touchedBy(planOf(null), rowsOf(now))),
    ).toBeNull();
  });

  it("sets widen before the first wave and narrow after the last", () => {
    const now = roster("a", { revisions: ["r1"] });
    const plan = planOf(roster("a"), "r2");
    const touched = touchedBy(plan, rowsOf(now));
    const wide = rosterAfter(stage("admit"), plan, nothing, now, rowsOf(now), touched)!;
    expect(wide.revisions).toEqual(["r1", "r2"]);
    expect(rosterAfter(stage("narrow"), plan, nothing, wide, rowsOf(wide), touched)!.revisions).toEqual([]);
  });
});
