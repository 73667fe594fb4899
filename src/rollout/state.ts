import type { ReleasePart } from "../model/release.ts";
import { fleetCell } from "./plan.ts";
import { nothingTouched, type Touched } from "./roster-rows.ts";
import type { Verdict } from "./verdict.ts";

/** Where one cluster, or the whole fleet, stands: its last step, and whether that is acknowledged. Times in Unix ms. */
export interface Cell {
  /** Index into its program, or into the stages. */
  step: number;
  /** Store revision of the newest rows written; 0: none. */
  revision: number;
  /** Whether there is something to apply and acknowledge: the step changed a row, or guards what an earlier release left (`sweeps`). */
  wrote: boolean;
  at: number;
  /** Since when it is applied and acknowledged; null: not yet. */
  heldAt: number | null;
  /** Some edge began to close with it. */
  closing?: boolean;
}

export type FailureCode =
  | "never-ready"
  | "crashing"
  | "not-applied"
  | "rejected"
  | "silent"
  | "unhealthy"
  | "no-evidence"
  | "not-promoted"
  | "superseded"
  | "aborted";
export interface Failure {
  code: FailureCode;
  reason: string;
  /** The cluster that it was seen in. */
  cluster?: string;
  /** Parts that were being tried where it failed. */
  blamed: ReleasePart[];
  /** Clusters that stay as they are. */
  kept: string[];
}

export interface Command {
  kind: "pause" | "resume" | "promote" | "abort";
  by: string;
  at: number;
  why?: string;
}

/** Where a release stands; all of it follows from its journal. */
export interface ReleaseState {
  /** Of the fleet: `step` is an index into the stages, forward or back. null: nothing has been written. */
  fleet: Cell | null;
  /** By cluster: positions in their programs, forward. */
  lanes: Record<string, Cell>;
  /** On the way back: positions in those programs. */
  back: Record<string, Cell>;
  /** Set once: the way leads back from there. */
  failure?: Failure;
  /** The forward stage that it failed in. */
  failedIn?: number;
  touched: Touched;
  paused?: Command;
  abort?: Command;
  promotedAt?: number;
}

export const notBegun: ReleaseState = { fleet: null, lanes: {}, back: {}, touched: nothingTouched };

/** What a journal record says happened. `cell`: a cluster, or `fleetCell`. */
export type Happened =
  | {
      kind: "write";
      cell: string;
      step: number;
      revision: number;
      wrote: boolean;
      closing?: boolean;
      touched?: Touched;
      verdict?: Verdict;
    }
  | { kind: "held"; cell: string; evidence: string }
  | { kind: "fail"; failure: Failure }
  | { kind: "command"; command: Command };

/** The state after a record. Pure: replaying the journal gives the same state. */
export function after(state: ReleaseState, happened: Happened, at: number): ReleaseState {
  switch (happened.kind) {
    case "write": {
      const { cell: name, step, revision, wrote, touched, closing } = happened;
      const next = withTouched(state, touched);
      const known = cellOf(state, name);
      const cell: Cell = {
        step,
        wrote,
        at,
        heldAt: null,
        revision: wrote ? revision : (known?.revision ?? 0),
        ...(closing === true && { closing }),
      };
      return withCell(next, name, cell);
    }
    case "held": {
      const cell = cellOf(state, happened.cell);
      return cell === undefined ? state : withCell(state, happened.cell, { ...cell, heldAt: at });
    }
    case "fail":
      if (state.failure !== undefined) return { ...state, failure: happened.failure };
      return { ...state, failure: happened.failure, failedIn: state.fleet?.step ?? -1, fleet: null };
    case "command":
      return commanded(state, happened.command);
  }
}

export function cellOf(state: ReleaseState, name: string): Cell | undefined {
  if (name === fleetCell) return state.fleet ?? undefined;
  return state.failure === undefined ? state.lanes[name] : state.back[name];
}

function withCell(state: ReleaseState, name: string, cell: Cell): ReleaseState {
  if (name === fleetCell) return { ...state, fleet: cell };
  return state.failure === undefined
    ? { ...state, lanes: { ...state.lanes, [name]: cell } }
    : { ...state, back: { ...state.back, [name]: cell } };
}

function withTouched(state: ReleaseState, touched: Touched | undefined): ReleaseState {
  return touched === undefined ? state : { ...state, touched };
}

function commanded(state: ReleaseState, command: Command): ReleaseState {
  const { paused: _, ...rest } = state;
  switch (command.kind) {
    case "pause":
      return { ...rest, paused: command };
    case "resume":
      return rest;
    case "promote":
      return { ...state, promotedAt: command.at };
    case "abort":
      return { ...rest, abort: command };
  }
}
