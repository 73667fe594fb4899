import type { Act } from "../rollout/decide.ts";
import { fleetCell, type Before, type Plan, type Rows, type RowWrites } from "../rollout/plan.ts";
import { programOf, stagesNow } from "../rollout/position.ts";
import { sweeps } from "../rollout/program.ts";
import { touchedBack, touchedBy, unadmitted, type Touched } from "../rollout/roster-rows.ts";
import { after, cellOf, type Happened, type ReleaseState } from "../rollout/state.ts";
import { isEmpty, laneWrites, stageWrites } from "../rollout/step-rows.ts";
import type { App } from "../model/app.ts";
import type { Seen } from "../model/rows.ts";
import type { Store, WriteTx } from "../store/store.ts";
import type { Remembered } from "./journal-state.ts";
import { putStatus } from "./release-status.ts";
import { blames, forgive, reject, rejectedParts, rejections, withoutRejected } from "./rejected.ts";
import { resolveApp, withdrawalOf } from "./resolve-app.ts";
import { endedInTrain } from "./train.ts";
import { readTrains } from "./train-journal.ts";
import { worldFor, worldInForce, type World } from "./world.ts";
import { rowsFor, writeRows } from "./write-rows.ts";

/** Resolves the release against what is in force now and writes its plan down. `ended`: it can't begin; apps with a new release because of that. */
export async function begin(
  store: Store,
  app: string,
  release: number,
  known: Remembered,
  reach: (plan: Plan) => Record<string, string> = () => ({}),
): Promise<{ ended?: string[] }> {
  const seen = store.seen();
  return store.write(async (tx) => {
    const { accepted } = known;
    if (accepted.app === null) {
      const plan = withdrawalOf(app, release, tx.inForce);
      await tx.appendJournal(app, release, "begin", { plan, before: beforeOf(plan, rowsFor(app, tx.inForce), seen) });
      return {};
    }
    const declared = resolveApp(
      accepted.app,
      accepted.image ?? undefined,
      await worldOf(tx, accepted.app, accepted.train?.id),
      tx.inForce,
      release,
    );
    // What an earlier release still had under way may have been taken back since this one was accepted.
    const rejected = rejectedParts(declared, await rejections(tx, app), accepted.retry);
    const { plan: own, problems, snapshots } = withoutRejected(declared, rejected, tx.inForce);
    const plan = { ...own, reach: reach(own) };
    if (problems[0] !== undefined) {
      return { ended: await end(tx, app, release, known, "failed", problems[0].message) };
    }
    for (const snapshot of snapshots) await tx.putSnapshot(snapshot);
    await tx.appendJournal(app, release, "begin", { plan, before: beforeOf(plan, rowsFor(app, tx.inForce), seen) });
    await putStatus(tx, app, release, { phase: "progressing", step: null, revision: plan.revision });
    return {};
  });
}

/** A release of a train resolves against the document that its train is about; others against what has finished. */
async function worldOf(tx: WriteTx, app: App, train: number | undefined): Promise<World> {
  const changed = train === undefined ? undefined : (await readTrains(tx))[train - 1]?.changed;
  return worldFor(tx, app, await worldInForce(tx, changed));
}

/** What must be kept to be able to go back, and how many pods carry everything now. */
export function beforeOf(plan: Pick<Plan, "app">, rows: Rows, seen: ReadonlyMap<string, Seen>): Before {
  const sizes: Record<string, number> = {};
  for (const [cluster, lane] of rows.lanes) {
    if (lane.kind !== "home") continue;
    const pods = seen.get(cluster)?.ready[plan.app] ?? {};
    // Of a cluster that was never seen nothing is known: that its pods serve is the safer guess.
    sizes[cluster] = seen.has(cluster)
      ? Object.entries(lane.weights).reduce(
          (sum, [name, weight]) => sum + (weight > 0 ? (pods[name]?.ready ?? 0) : 0),
          0,
        )
      : 1;
  }
  return { roster: rows.rosters.get(plan.app) ?? null, lanes: Object.fromEntries(rows.lanes), sizes };
}

/** What the steps write. */
export interface Writing {
  laneWrites: typeof laneWrites;
  stageWrites: typeof stageWrites;
}

/** What was decided: rows, and the records that it was done, in one transaction. After a crash it is either done or not begun. Returns apps whose releases may begin or end because of it. */
export async function perform(
  store: Store,
  app: string,
  release: number,
  { begun, state: known, accepted }: Remembered,
  acts: readonly Act[],
  writing: Writing = { laneWrites, stageWrites },
): Promise<string[]> {
  const { plan, before } = begun!;
  return store.write(async (tx) => {
    let state = known;
    for (const act of acts) {
      const happened = await done(tx, plan, before, state, act, writing);
      const { kind, ...body } = happened;
      await tx.appendJournal(app, release, kind, body);
      state = after(state, happened, tx.now);
    }
    const { failure } = state;
    // A train stops as soon as one of its releases is given up, not only once that has gone all the way back.
    const stops = known.failure === undefined && failure !== undefined && failure.code !== "superseded";
    return stops && accepted.train !== undefined
      ? endedInTrain(tx, app, release, accepted.train.id, "failed", failure.reason)
      : [];
  });
}

async function done(
  tx: WriteTx,
  plan: Plan,
  before: Before,
  state: ReleaseState,
  act: Act,
  writing: Writing,
): Promise<Happened> {
  if (act.kind === "fail") return act;
  if (act.kind === "held") {
    const seconds = Math.max(0, tx.now - (cellOf(state, act.cell)?.at ?? tx.now)) / 1000;
    return { ...act, evidence: `${act.evidence} in ${seconds.toFixed(1)} s` };
  }
  const rows = rowsFor(plan.app, tx.inForce);
  const { writes, touched } = writesOf(plan, before, state, act, rows, writing);
  await writeRows(tx, plan.app, writes);
  const changed = !isEmpty(writes);
  const step = act.cell === fleetCell ? undefined : programOf(plan, before, state, act.cell)[act.step];
  const sweeping = !changed && step !== undefined && sweeps(step, before.lanes[act.cell]);
  const standing = tx.inForce.lanes.get(act.cell)?.get(plan.app)?.revision ?? 0;
  const closing = writes.rosters.some((roster) => {
    const was = rows.rosters.get(roster.app)?.edges ?? {};
    return Object.entries(roster.edges).some(
      ([callee, { stage }]) => stage === "closing" && was[callee]?.stage === "open",
    );
  });
  return {
    ...act,
    wrote: changed || sweeping,
    ...(closing && { closing }),
    revision: changed ? tx.next : sweeping ? standing : 0,
    ...(touched !== undefined && { touched }),
  };
}

function writesOf(
  plan: Plan,
  before: Before,
  state: ReleaseState,
  { cell, step }: Extract<Act, { kind: "write" }>,
  rows: Rows,
  writing: Writing,
): { writes: RowWrites; touched?: Touched } {
  if (cell !== fleetCell)
    return { writes: writing.laneWrites(programOf(plan, before, state, cell)[step]!, plan, before, cell, rows) };
  const stage = stagesNow(plan, before, state)[step]!;
  if (stage.do !== "admit" && stage.do !== "shut")
    return { writes: writing.stageWrites(stage, plan, before, state.touched, rows) };
  const touched = stage.do === "admit" ? touchedBy(plan, rows) : touchedBack(plan, before, state.touched, rows);
  return { writes: writing.stageWrites(stage, plan, before, touched, rows), touched };
}

/** The last record. What the release admitted and never opened waits again. Returns apps whose releases may begin or end because of it. */
export async function end(
  tx: WriteTx,
  app: string,
  release: number,
  { state, begun, accepted }: Pick<Remembered, "state" | "begun" | "accepted">,
  outcome: string,
  reason?: string,
): Promise<string[]> {
  await tx.appendJournal(app, release, "end", { outcome, ...(reason !== undefined && { reason }) });
  const { failure } = state;
  if (failure !== undefined && begun !== undefined && blames(failure.code))
    await reject(tx, begun.plan, failure.blamed, release, failure.reason);
  if (outcome === "finished" && begun !== undefined && accepted.cause.kind !== "undo")
    await forgive(tx, app, begun.plan.parts);
  const { rosters } = rowsFor(app, tx.inForce);
  for (const roster of unadmitted(app, state.touched, rosters)) await tx.putRoster(roster);
  await putStatus(tx, app, release, {
    phase: outcome,
    step: null,
    finishedAt: tx.now,
    ...(reason !== undefined && { reason }),
    ...(failure !== undefined && { code: failure.code }),
  });
  return accepted.train === undefined ? [] : endedInTrain(tx, app, release, accepted.train.id, outcome, reason);
}
