import { capable, finished, held, personMs, type Gate, type Observation, type Wait } from "./gates.ts";
import type { ReleasePart } from "../model/release.ts";
import { fleetCell, type Before, type Plan } from "./plan.ts";
import { isDone, programOf, stagesNow, wavesOver } from "./position.ts";
import { laneProgram, mayLeave, type LaneStep, type Stage } from "./program.ts";
import { cellOf, type Cell, type Failure, type FailureCode, type ReleaseState } from "./state.ts";
import type { Verdict } from "./verdict.ts";

/** One thing to do, each of which becomes a record of the journal. */
export type Act =
  | { kind: "write"; cell: string; step: number; verdict?: Verdict; why?: string }
  /** What was written is in force: a receipt. */
  | { kind: "held"; cell: string; evidence: string }
  | { kind: "fail"; failure: Failure };

export type Decision =
  | { kind: "act"; acts: Act[] }
  | { kind: "wait"; waits: Wait[] }
  | { kind: "end"; outcome: "finished" | "failed" | "superseded"; reason?: string };

/** On the way back a newer release waits this long for clusters that don't answer; then they stay as they are for it. */
export const patienceMs = 10_000;

/** One decision. Pure: the same plan, state, observation and time give the same one. */
export function decide(
  plan: Plan,
  before: Before,
  state: ReleaseState,
  observation: Observation,
  now: number,
): Decision {
  if (state.failure === undefined) {
    const failure = givenUp(plan, before, state, observation, now);
    if (failure !== undefined) return { kind: "act", acts: [{ kind: "fail", failure }] };
  }
  const turn = new Turn(plan, before, state, observation, now);
  const outcome = turn.stage(stagesNow(plan, before, state));
  if (turn.failed !== undefined) {
    const { code, reason, cluster } = turn.failed;
    return {
      kind: "act",
      acts: [{ kind: "fail", failure: failureOf(plan, before, state, code, reason, observation, cluster) }],
    };
  }
  if (turn.acts.length > 0) return { kind: "act", acts: turn.acts };
  if (outcome === "wait") return { kind: "wait", waits: turn.waits };
  const { failure } = state;
  if (failure === undefined) return { kind: "end", outcome: "finished" };
  return { kind: "end", outcome: failure.code === "superseded" ? "superseded" : "failed", reason: failure.reason };
}

/** Why a release that still may is to go no further. */
function givenUp(
  plan: Plan,
  before: Before,
  state: ReleaseState,
  observation: Observation,
  now: number,
): Failure | undefined {
  // A withdrawal has nothing to go back to; where all clusters have taken over, the end is near and safe.
  if (plan.roster === null || wavesOver(plan, before, state)) return undefined;
  const failure = (code: FailureCode, reason: string) => failureOf(plan, before, state, code, reason, observation);
  if (state.abort !== undefined)
    return failure(
      "aborted",
      `given up by ${state.abort.by}${state.abort.why === undefined ? "" : `: ${state.abort.why}`}`,
    );
  if (observation.newer !== undefined) return failure("superseded", `release ${observation.newer} is newer`);
  if (state.paused !== undefined && now >= state.paused.at + personMs)
    return failure("not-promoted", "nobody resumed it for 7 days");
  return undefined;
}

function failureOf(
  plan: Plan,
  before: Before,
  state: ReleaseState,
  code: FailureCode,
  reason: string,
  { seen }: Observation,
  cluster?: string,
): Failure {
  const kept = Object.keys(state.lanes).filter((name) => {
    const stays = code === "superseded" || plan.onFailure === "stop";
    if (stays && isDone(laneProgram(plan, before, name), state.lanes[name])) return true;
    // A fix can always ship: what serves goes on until the newer release is ready, where the good revision has no pods.
    const was = before.lanes[name];
    const pods = seen.get(name)?.ready[plan.app];
    return (
      code === "superseded" &&
      mayLeave(plan, before, name, true) &&
      was?.kind === "home" &&
      was.good !== null &&
      (pods?.[was.good]?.ready ?? 0) === 0 &&
      (pods?.[plan.revision!]?.ready ?? 0) > 0
    );
  });
  return {
    code,
    reason,
    kept,
    blamed: blamed(plan, before, state, cluster),
    ...(cluster !== undefined && { cluster }),
  };
}

/** Which parts were being tried: those of the step that failed, else of all steps under way. */
function blamed(plan: Plan, before: Before, state: ReleaseState, cluster?: string): ReleasePart[] {
  const tried = (cluster === undefined ? Object.keys(state.lanes) : [cluster]).flatMap((name): ReleasePart[] => {
    const cell = state.lanes[name];
    const program = laneProgram(plan, before, name);
    if (cell === undefined || isDone(program, cell)) return [];
    return program[cell.step]!.do === "traffic" ? ["traffic", "edges"] : ["workload"];
  });
  const parts: ReleasePart[] = tried.length > 0 ? tried : ["edges", "traffic"];
  return plan.parts.filter((part) => parts.includes(part));
}

/** Gathers what a decision comes to. */
class Turn {
  readonly acts: Act[] = [];
  readonly waits: Wait[] = [];
  failed: { code: FailureCode; reason: string; cluster?: string } | undefined;
  readonly #plan: Plan;
  readonly #before: Before;
  readonly #state: ReleaseState;
  readonly #observation: Observation;
  readonly #now: number;

  constructor(plan: Plan, before: Before, state: ReleaseState, observation: Observation, now: number) {
    this.#plan = plan;
    this.#before = before;
    this.#state = state;
    this.#observation = observation;
    this.#now = now;
  }

  stage(stages: readonly Stage[]): "wait" | "end" {
    const cell = this.#state.fleet;
    if (cell === null) return this.#advance(fleetCell, 0);
    const stage = stages[cell.step];
    if (stage === undefined) return "end";
    const over =
      stage.do === "wave" || stage.do === "unwave" ? this.#wave(stage.wave) : this.#cell(fleetCell, stage, cell);
    if (over === false) return "wait";
    if (cell.step + 1 >= stages.length) return "end";
    return this.#advance(fleetCell, cell.step + 1, over === true ? undefined : over);
  }

  /** Whether all clusters of a wave are done; makes those go on that may. */
  #wave(index: number): boolean {
    const { clusters, maxConcurrent } = this.#plan.waves[index]!;
    const back = this.#state.failure !== undefined;
    let running = 0;
    let done = 0;
    for (const cluster of clusters) {
      const program = programOf(this.#plan, this.#before, this.#state, cluster);
      const cell = cellOf(this.#state, cluster);
      if (isDone(program, cell)) {
        done += 1;
        continue;
      }
      if (!back && cell === undefined && running >= maxConcurrent) {
        this.waits.push({
          cell: cluster,
          kind: "turn",
          reason: `${cluster}: ${maxConcurrent} at a time`,
          until: this.#now + personMs,
          then: "it is looked at again",
        });
        continue;
      }
      const lead = back || cell !== undefined ? undefined : this.#leadUnderWay(cluster, clusters);
      if (lead !== undefined) {
        this.waits.push({
          cell: cluster,
          kind: "turn",
          reason: `${cluster}: its callers follow ${lead}, which isn't done`,
          until: this.#now + personMs,
          then: "it is looked at again",
        });
        continue;
      }
      running += 1;
      if (cell === undefined) this.#advance(cluster, 0);
      else {
        const over = this.#cell(cluster, program[cell.step]!, cell);
        // The last step of a program is over once it is held.
        if (over !== false && cell.step + 1 < program.length && this.#capable(cluster, program, cell))
          this.#advance(cluster, cell.step + 1, over);
      }
    }
    return done === clusters.length;
  }

  /**
   * A home of the same wave whose shares the callers in a cluster have followed so far: they go on with them until pods of
   * their own are ready, so those must be the last ones.
   */
  #leadUnderWay(cluster: string, wave: readonly string[]): string | undefined {
    const lane = this.#before.lanes[cluster];
    if (lane?.kind !== "reach" || !wave.includes(lane.lead) || this.#plan.lanes[lane.lead] === undefined)
      return undefined;
    const program = programOf(this.#plan, this.#before, this.#state, lane.lead);
    return isDone(program, cellOf(this.#state, lane.lead)) ? undefined : lane.lead;
  }

  /** Whether the next step may be taken, as far as pods go. */
  #capable(cluster: string, program: readonly LaneStep[], cell: Cell): boolean {
    if (cell.heldAt === null || this.#state.failure !== undefined) return true;
    const [step, next] = [program[cell.step]!, program[cell.step + 1]!];
    const gate = capable(cluster, step, next, { heldAt: cell.heldAt }, this.#plan, this.#observation.seen, this.#now);
    if (gate !== undefined) this.#leaves(cluster, gate, cell);
    return gate === undefined;
  }

  /** Whether the step of a cell is over. */
  #cell(name: string, step: LaneStep | Stage, cell: Cell): false | Extract<Gate, { kind: "pass" }> {
    if (cell.heldAt === null) {
      const gate = held(name, step, cell, this.#plan, this.#before, this.#state, this.#observation, this.#now);
      if (gate.kind === "pass") this.acts.push({ kind: "held", cell: name, evidence: gate.evidence });
      else if (this.#leaves(name, gate, cell)) return { kind: "pass", evidence: "left to the newer release" };
      return false;
    }
    const gate = finished(
      name,
      step,
      { ...cell, heldAt: cell.heldAt },
      this.#plan,
      this.#state,
      this.#observation,
      this.#now,
    );
    if (gate.kind === "pass") return gate;
    this.#leaves(name, gate, cell);
    return false;
  }

  /** Takes note of what isn't over. True: it is left as it is, for a newer release to deal with. */
  #leaves(name: string, gate: Exclude<Gate, { kind: "pass" }>, cell: Cell): boolean {
    const { failure } = this.#state;
    if (gate.kind === "fail") {
      if (failure === undefined)
        this.failed ??= { code: gate.code, reason: gate.reason, ...(name !== fleetCell && { cluster: name }) };
      return false;
    }
    const answers = !["contact", "proxies", "pods"].includes(gate.wait.kind);
    const leavable =
      failure !== undefined &&
      !answers &&
      this.#observation.newer !== undefined &&
      this.#now >= cell.at + patienceMs &&
      (name === fleetCell || mayLeave(this.#plan, this.#before, name, this.#state.lanes[name] !== undefined));
    if (!leavable) {
      this.waits.push(gate.wait);
      return false;
    }
    if (name === fleetCell) return true;
    this.acts.push({ kind: "fail", failure: { ...failure, kept: [...failure.kept, name] } });
    return false;
  }

  #advance(cell: string, step: number, gate?: Extract<Gate, { kind: "pass" }>): "wait" {
    const { paused, failure } = this.#state;
    // A newer release ends a pause: before the last wave by superseding, after it there is nothing left to hold back for.
    const holds = paused !== undefined && this.#now < paused.at + personMs && this.#observation.newer === undefined;
    if (holds && failure === undefined) {
      const late = this.#plan.roster === null || wavesOver(this.#plan, this.#before, this.#state);
      this.waits.push({
        cell,
        kind: "person",
        reason: `paused by ${paused.by}${paused.why === undefined ? "" : `: ${paused.why}`}`,
        until: paused.at + personMs,
        then: late ? "it goes on" : "the release is taken back",
      });
      return "wait";
    }
    this.acts.push({
      kind: "write",
      cell,
      step,
      ...(gate?.verdict !== undefined && { verdict: gate.verdict }),
      ...(gate !== undefined && gate.evidence !== "" && { why: gate.evidence }),
    });
    return "wait";
  }
}
