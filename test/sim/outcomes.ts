import { remember, type Remembered } from "../../src/release/journal-state.ts";
import { laneAfter } from "../../src/rollout/lane-rows.ts";
import { fleetCell } from "../../src/rollout/plan.ts";
import { programOf } from "../../src/rollout/position.ts";
import { laneProgram } from "../../src/rollout/program.ts";
import { after, notBegun, type FailureCode, type ReleaseState } from "../../src/rollout/state.ts";
import { happenedOf } from "../../src/release/journal-state.ts";
import type { Lane } from "../../src/model/rows.ts";
import type { InForce } from "../../src/store/in-force.ts";
import type { JournalEntry } from "../../src/store/store.ts";
import type { Fault } from "./events.ts";
import { badCalls, badTraffic, imageIn, truthOf } from "./truth.ts";
import { Violation } from "./violation.ts";

type FaultKind = Fault["fault"];

/** What may have led to a failure: a fault of the world, or what the release brought. */
const causes: Record<FailureCode, readonly (FaultKind | "image" | "rules")[]> = {
  "never-ready": ["image", "capacity", "lie", "pods", "messages", "contact", "crash"],
  crashing: ["image", "lie", "pods", "capacity", "messages", "contact"],
  "not-applied": ["contact", "messages", "crash"],
  rejected: ["reject"],
  silent: ["hold", "reject", "disconnect", "messages", "contact", "crash"],
  unhealthy: ["image", "rules"],
  "no-evidence": ["deaf", "quiet", "crash", "contact"],
  "not-promoted": [],
  superseded: [],
  aborted: [],
};

/** Whether a release ended as what the world did to it says. `faults`: all kinds that there had been. */
export function checkOutcome(
  entries: readonly JournalEntry[],
  faults: ReadonlySet<FaultKind>,
  view: InForce,
  newest: number,
): string {
  const known = remember(entries)!;
  const { app, release } = entries[0]!;
  const { outcome, reason } = known.ended!;
  const wrong = (why: string): never => {
    throw new Violation("outcome", `release ${release} of ${app} ended ${outcome} (${reason ?? "no reason"}): ${why}`);
  };
  const { begun, state } = known;
  if (begun === undefined) return outcome;
  const image = known.accepted.image ?? "";
  const brought = badness(known, view);
  const code = state.failure?.code;
  if (outcome === "finished") {
    if (code !== undefined) wrong("it had failed");
    const promoted = state.promotedAt !== undefined;
    const judged = brought.judged && !promoted && !faults.has("quiet") && !faults.has("deaf");
    if (judged && brought.image) wrong(`nobody noticed that ${image} is bad`);
    if (judged && brought.rules) wrong("nobody noticed its bad rules");
    return outcome;
  }
  if (code === undefined) return outcome;
  if (code === "aborted" ? state.abort === undefined : code === "superseded" && newest <= release)
    wrong("nobody wanted that");
  if (code !== "aborted" && code !== "superseded") {
    const may = causes[code].some((cause) =>
      cause === "image"
        ? truthOf(image) !== "good" || !isGoodNow(known, view)
        : cause === "rules"
          ? brought.rules
          : faults.has(cause),
    );
    if (!may) wrong("nothing in the world explains it");
  }
  return `${outcome}: ${code}`;
}

/** What of a release is bad, where somebody would notice. */
function badness({ begun }: Remembered, view: InForce): { image: boolean; rules: boolean; judged: boolean } {
  const { plan, before } = begun!;
  let [image, rules, judged] = [false, false, false];
  for (const [cluster, target] of Object.entries(plan.lanes)) {
    const truth = truthOf(imageIn(view, target.workload));
    const was = before.lanes[cluster];
    const program = laneProgram(plan, before, cluster);
    const shifts = program.some((step) => step.do === "weight" && step.judged && step.holdMs > 0);
    const switches = program.some((step) => step.do === "traffic" && step.judged && step.holdMs > 0);
    if (shifts && (truth === "bad" || (truth === "slow" && plan.analysis.p99Ms !== undefined))) image = true;
    if (switches && was?.kind === "home") {
      const edges = Object.keys(plan.roster?.edges ?? {}).length > 0;
      if (was.traffic !== target.traffic && badTraffic(view, target.traffic)) rules = true;
      if (was.calls !== target.calls && edges && badCalls(view, target.calls)) rules = true;
    }
    judged ||= shifts || switches;
  }
  if (
    plan.parts.includes("edges") &&
    Object.values(plan.lanes).some(({ traffic, calls }) => badTraffic(view, traffic) || badCalls(view, calls))
  )
    rules = rules || !judged;
  return { image, rules, judged };
}

/** A release of rules alone goes on with the workload that is there. */
function isGoodNow({ begun }: Remembered, view: InForce): boolean {
  return Object.values(begun!.plan.lanes).every(({ workload }) => truthOf(imageIn(view, workload)) === "good");
}

/** The lanes as the journal tells them: what replaying it would write. */
export function replayedLanes(entries: readonly JournalEntry[]): Map<string, Lane> | undefined {
  const begun = remember(entries)?.begun;
  if (begun === undefined) return undefined;
  const { plan, before } = begun;
  const lanes = new Map<string, Lane>(Object.entries(before.lanes));
  let state: ReleaseState = notBegun;
  for (const entry of entries.slice(entries.findLastIndex(({ action }) => action === "begin") + 1)) {
    const happened = happenedOf(entry);
    if (happened === undefined) continue;
    if (happened.kind === "write" && happened.cell !== fleetCell) {
      const step = programOf(plan, before, state, happened.cell)[happened.step]!;
      const next = laneAfter(step, plan, before, happened.cell, lanes);
      if (next === null) lanes.delete(happened.cell);
      else if (next !== undefined) lanes.set(happened.cell, next);
    }
    state = after(state, happened, entry.at);
  }
  return lanes;
}

export function checkReplay(entries: readonly JournalEntry[], view: InForce): void {
  const { app, release } = entries[0]!;
  const replayed = replayedLanes(entries);
  if (replayed === undefined) return;
  for (const cluster of view.lanes.keys()) {
    const lane = view.lanes.get(cluster)?.get(app)?.value;
    const told = replayed.get(cluster);
    const [there, said] = [lane, told].map((each) => (each?.kind === "home" ? JSON.stringify(each) : "none"));
    if (there !== said)
      throw new Violation(
        "replay",
        `release ${release} of ${app} in ${cluster}: the journal says ${said}, in force is ${there}`,
      );
  }
}
