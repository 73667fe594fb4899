import type { ReleasePart } from "../model/release.ts";
import type { Lane, RevisionName, Seen } from "../model/rows.ts";
import type { Wait } from "../rollout/gates.ts";
import { fleetCell, type Plan } from "../rollout/plan.ts";
import { isDone, programOf, stageOf, stagesNow } from "../rollout/position.ts";
import { laneProgram, type LaneStep, type Stage } from "../rollout/program.ts";
import type { Command } from "../rollout/state.ts";
import type { Verdict } from "../rollout/verdict.ts";
import type { JournalEntry } from "../store/store.ts";
import type { Cause } from "./accept.ts";
import type { Again } from "./again.ts";
import { refusal, type CommandKind } from "./commands.ts";
import { remember, type Remembered } from "./journal-state.ts";
import { eventsOf, notesOf, type EventView, type Note } from "./release-notes.ts";
import type { RequestShares } from "./request-shares.ts";
import { phaseOf } from "./release-status.ts";
import { labelOf } from "./step-label.ts";

/** `done`: held, and over; `undone`: it was done and has been taken back. */
export type StepState = "waiting" | "running" | "done" | "undone";

/** One step as people see it: a knot. Times in Unix ms. */
export interface StepView {
  do: (LaneStep | Stage)["do"];
  /** In words: `25 %`, `pods`, `route`. */
  label: string;
  state: StepState;
  weight?: number;
  holdMs?: number;
  /** Of `wave` and `unwave`: index into the waves. */
  wave?: number;
  writtenAt?: number;
  /** Since when it was acknowledged, and by whom ("214 of 214 proxies in 1.3 s"). */
  heldAt?: number;
  receipt?: string;
  verdict?: Verdict;
  wait?: Wait;
}

export interface RevisionView {
  revision: RevisionName;
  role: "new" | "good" | "other";
  weight: number;
  ready: number;
  total: number;
  reason?: string;
  /** Share of the requests that it got lately, in percent. Absent: not known. */
  actual?: number;
}

/** One cluster: a cord. */
export interface ClusterView {
  cluster: string;
  state: "waiting" | "running" | "done" | "going back" | "taken back" | "kept";
  steps: StepView[];
  /** The way back, once it leads there. */
  back: StepView[];
  revisions: RevisionView[];
  /** Requests that `actual` is a share of, and the time that they are of. Absent: not known. */
  lately?: { requests: number; overMs: number };
}

export interface WaveView {
  name: string;
  maxConcurrent: number;
  state: "waiting" | "running" | "done" | "going back" | "taken back";
  clusters: ClusterView[];
}

/** A release as CLI and web draw it: waves → clusters → steps and revisions. */
export interface ReleaseView {
  app: string;
  /** When it was looked at: what is left of a deadline doesn't hang on the reader's clock. */
  at: number;
  number: number;
  phase: string;
  parts: ReleasePart[];
  cause: Cause;
  image: string | null;
  /** What it brings, and what it replaces. */
  revision: RevisionName | null;
  from: RevisionName | null;
  acceptedAt: number;
  begunAt?: number;
  endedAt?: number;
  /** By whom, when (Unix ms) and why. */
  paused?: Command;
  code?: string;
  reason?: string;
  /** Of the whole fleet. */
  stages: StepView[];
  waves: WaveView[];
  waits: Wait[];
  /** Newest last. */
  events: EventView[];
  /** Why each command can't be given now; null: it can. */
  commands: Record<CommandKind, string | null>;
  /** The same of undo and retry, which make a new release. */
  again?: Again;
}

export interface ReleaseSources {
  journal: readonly JournalEntry[];
  /** The app's, by cluster. */
  lanes: ReadonlyMap<string, Lane>;
  seen: ReadonlyMap<string, Seen>;
  /** From the Release's status. */
  waits: readonly Wait[];
  phase: string;
  /** By cluster: what is judged at the moment. */
  verdicts?: ReadonlyMap<string, Verdict>;
  /** By cluster: what requests did lately. */
  shares?: ReadonlyMap<string, RequestShares>;
  again?: Again;
  /** Unix ms. */
  now: number;
}

/** Pure. undefined: the journal isn't a release's. */
export function releaseView(app: string, number: number, sources: ReleaseSources): ReleaseView | undefined {
  const known = remember(sources.journal);
  if (known === undefined) return undefined;
  const { accepted, begun, state, ended } = known;
  const notes = notesOf(sources.journal);
  const waits = ended === undefined ? [...sources.waits] : [];
  const view: ReleaseView = {
    app,
    at: sources.now,
    number,
    phase: ended?.outcome ?? (begun === undefined ? sources.phase : phaseOf(state)),
    parts: begun?.plan.parts ?? [],
    cause: accepted.cause,
    image: accepted.image,
    revision: begun?.plan.revision ?? null,
    from: begun === undefined ? null : goodBefore(begun.before.lanes),
    acceptedAt: known.acceptedAt,
    ...(begun !== undefined && { begunAt: begun.at }),
    ...(ended !== undefined && { endedAt: ended.at }),
    ...(ended === undefined && state.paused !== undefined && { paused: state.paused }),
    ...(state.failure !== undefined && { code: state.failure.code }),
    ...reasonOf(known),
    stages: [],
    waves: [],
    waits,
    events: eventsOf(sources.journal),
    commands: {
      promote: refusal("promote", known) ?? null,
      pause: refusal("pause", known) ?? null,
      resume: refusal("resume", known) ?? null,
      abort: refusal("abort", known) ?? null,
    },
    ...(sources.again !== undefined && { again: sources.again }),
  };
  if (begun === undefined) return view;
  const { plan, before } = begun;
  const back = state.failure !== undefined;
  view.stages = stagesNow(plan, before, state).map((stage, index) =>
    stepView(stage, notes.get(`${back ? "back" : "on"}//${index}`), {
      current: state.fleet?.step ?? -1,
      index,
      over: ended !== undefined || (state.fleet?.step ?? -1) > index,
      waits: waits.filter(({ cell }) => cell === fleetCell),
    }),
  );
  const at = stageOf(plan, before, state);
  view.waves = plan.waves.map(({ name, clusters, maxConcurrent }, index) => {
    const views = clusters.map((cluster) => clusterView(cluster, known, notes, sources));
    const running = (at?.do === "wave" || at?.do === "unwave") && at.wave === index;
    return {
      name: name ?? `wave ${index + 1}`,
      maxConcurrent,
      clusters: views,
      state: waveState(views, running, back),
    };
  });
  return view;
}

function waveState(clusters: readonly ClusterView[], running: boolean, back: boolean): WaveView["state"] {
  const all = (...states: ClusterView["state"][]) => clusters.every(({ state }) => states.includes(state));
  if (all("done", "kept")) return "done";
  if (running) return back ? "going back" : "running";
  return back && clusters.some(({ state }) => state === "taken back") ? "taken back" : "waiting";
}

function clusterView(
  cluster: string,
  { begun, state, ended }: Remembered,
  notes: ReadonlyMap<string, Note>,
  { lanes, seen, waits, verdicts, shares }: ReleaseSources,
): ClusterView {
  const { plan, before } = begun!;
  const program = laneProgram(plan, before, cluster);
  const cell = state.lanes[cluster];
  const back = state.failure !== undefined;
  const backward = back ? programOf(plan, before, state, cluster) : [];
  const kept = back && state.failure!.kept.includes(cluster);
  const wait = waits.filter((each) => each.cell === cluster);
  const steps = program.map((step, index) => {
    const view = stepView(step, notes.get(`on/${cluster}/${index}`), {
      current: cell?.step ?? -1,
      index,
      over: isDone(program, cell) || (cell?.step ?? -1) > index,
      waits: back ? [] : wait,
    });
    const verdict = !back && view.state === "running" ? verdicts?.get(cluster) : undefined;
    if (verdict !== undefined) view.verdict = verdict;
    return back && !kept && view.state !== "waiting" ? { ...view, state: "undone" as const } : view;
  });
  const backCell = state.back[cluster];
  const lately = shares?.get(cluster);
  return {
    cluster,
    state: clusterState(),
    steps,
    back: backward.map((step, index) =>
      stepView(step, notes.get(`back/${cluster}/${index}`), {
        current: backCell?.step ?? -1,
        index,
        over: ended !== undefined || isDone(backward, backCell) || (backCell?.step ?? -1) > index,
        waits: back && ended === undefined ? wait : [],
      }),
    ),
    revisions: revisionsOf(cluster, plan, lanes.get(cluster), seen.get(cluster), lately),
    ...(lately !== undefined && { lately: { requests: lately.requests, overMs: lately.overMs } }),
  };

  function clusterState(): ClusterView["state"] {
    if (kept) return "kept";
    if (cell === undefined) return program.length === 0 && !back ? "done" : "waiting";
    if (back) return isDone(backward, backCell) || ended !== undefined ? "taken back" : "going back";
    return isDone(program, cell) ? "done" : "running";
  }
}

function revisionsOf(
  cluster: string,
  plan: Plan,
  lane: Lane | undefined,
  seen: Seen | undefined,
  lately: RequestShares | undefined,
): RevisionView[] {
  if (lane?.kind !== "home") return [];
  const pods = seen?.ready[plan.app] ?? {};
  return Object.keys(lane.live)
    .toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1)))
    .map((revision) => {
      const { ready = 0, total = 0, reason } = pods[revision] ?? {};
      return {
        revision,
        role: revision === lane.good ? "good" : revision === plan.revision ? "new" : "other",
        weight: lane.weights[revision] ?? 0,
        ready,
        total,
        ...(reason !== undefined && { reason }),
        ...(lately !== undefined && lately.requests > 0 && { actual: lately.shares[revision] ?? 0 }),
      };
    });
}

function stepView(
  step: LaneStep | Stage,
  note: Note | undefined,
  { current, index, over, waits }: { current: number; index: number; over: boolean; waits: readonly Wait[] },
): StepView {
  const state: StepState =
    over && note !== undefined ? "done" : index === current ? "running" : over && index < current ? "done" : "waiting";
  return {
    do: step.do,
    label: labelOf(step),
    state,
    ...("weight" in step && { weight: step.weight }),
    ...("holdMs" in step && { holdMs: step.holdMs }),
    ...("wave" in step && { wave: step.wave }),
    ...note,
    ...(state === "running" && waits[0] !== undefined && { wait: waits[0] }),
  };
}

function reasonOf({ state, ended }: Remembered): { reason?: string } {
  const reason = state.failure?.reason ?? ended?.reason;
  return reason === undefined ? {} : { reason };
}

function goodBefore(lanes: Readonly<Record<string, Lane>>): RevisionName | null {
  for (const lane of Object.values(lanes)) if (lane.kind === "home" && lane.good !== null) return lane.good;
  return null;
}
