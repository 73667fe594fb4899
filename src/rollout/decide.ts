import type { Seen } from "../model/rows.ts";
import { steps, stepsBack, type Plan, type Step } from "./plan.ts";

/** Where a release stands; all of it is in its journal. */
export interface ReleaseState {
  /** The last step that was written; null: none yet. */
  step: Step | null;
  /** Store revision of the newest rows that it wrote; 0: none. */
  revision: number;
  /** Whether the last step changed any row. */
  wrote: boolean;
  /** When the step was written, Unix ms. */
  at: number;
  /** Set once: the way leads back from there. */
  failure?: { code: FailureCode; reason: string };
  /** Proxies were waited for in vain at some step. */
  unproven?: string[];
}
export type FailureCode = "never-ready" | "crashing" | "not-applied" | "rejected" | "superseded" | "aborted";

/** What is known of the world when a decision is made. */
export interface Observation {
  seen: ReadonlyMap<string, Seen>;
  /** By cluster: whether the proxies concerned have what was written at the state's revision. Absent: nobody could be asked. */
  acknowledged: ReadonlyMap<string, { done: boolean; rejected?: boolean; evidence: string }>;
  /** A newer release of the app that waits for this one. */
  newer?: number;
  /** Somebody asked to give it up. */
  abort?: string;
}

export type Decision =
  | { kind: "write"; step: Step; failure?: ReleaseState["failure"]; unproven?: string }
  /** Nothing to do before something changes or `until` (Unix ms), when the decision is made anew. */
  | { kind: "wait"; reason: string; until: number; then: string }
  | { kind: "end"; outcome: "finished" | "failed" | "superseded"; reason?: string };

/** How long proxies are waited for once their cluster has applied a step. Then it goes on, shown as unproven. */
export const acknowledgeMs = 10_000;
/** A pod that crashes is given this long to recover. */
export const crashGraceMs = 15_000;
/** On the way back nothing waits longer for a cluster out of contact: it takes the newest rows when it returns. */
export const backDeadlineMs = 30_000;

/** One decision. Pure: the same state, observation and time give the same one. */
export function decide(
  plan: Plan,
  state: ReleaseState,
  { seen, acknowledged, newer, abort }: Observation,
  now: number,
): Decision {
  if (state.failure !== undefined) return goBack(plan, state, seen, now);
  if (state.step === null) return { kind: "write", step: "widen" };
  const position = steps.indexOf(state.step as (typeof steps)[number]);
  const next = steps[position + 1];
  const unswitched = position < steps.indexOf("switch");
  const failing = (code: FailureCode, reason: string): Decision => ({
    kind: "write",
    step: "back",
    failure: { code, reason },
  });
  if (unswitched && plan.revision !== null) {
    if (abort !== undefined) return failing("aborted", abort);
    if (newer !== undefined) return failing("superseded", `release ${newer} is newer`);
  }
  const deadline = state.at + plan.progressDeadlineMs;
  const behind = notApplied(plan, state, seen);
  if (behind !== undefined) {
    if (now < deadline)
      return { kind: "wait", reason: behind, until: deadline, then: unswitched ? "the release fails" : "it goes back" };
    return plan.revision !== null && state.step !== "remove" && state.step !== "narrow"
      ? failing("not-applied", behind)
      : { kind: "wait", reason: behind, until: now + plan.progressDeadlineMs, then: "it is looked at again" };
  }
  if (next === "subset") {
    const gate = readiness(plan, seen, state, now);
    if (gate !== undefined) {
      if (gate.fatal || now >= deadline) return failing(gate.crashing ? "crashing" : "never-ready", gate.reason);
      return {
        kind: "wait",
        reason: gate.reason,
        until: Math.min(deadline, gate.again ?? deadline),
        then: "the release fails",
      };
    }
  }
  let unproven: string | undefined;
  for (const [cluster, { done, rejected, evidence }] of acknowledged) {
    if (done) continue;
    if (rejected === true && plan.revision !== null && position <= steps.indexOf("switch"))
      return failing("rejected", `${cluster}: ${evidence}`);
    if (now < state.at + acknowledgeMs)
      return {
        kind: "wait",
        reason: `${cluster}: ${evidence}`,
        until: state.at + acknowledgeMs,
        then: "it goes on, unproven",
      };
    unproven = `${state.step} in ${cluster}: ${evidence}`;
  }
  if (next === "remove" && state.wrote && now < state.at + plan.drainMs)
    return {
      kind: "wait",
      reason: `requests under way get ${plan.drainMs} ms to end`,
      until: state.at + plan.drainMs,
      then: "what isn't needed any more is removed",
    };
  if (next === undefined) return { kind: "end", outcome: "finished" };
  return { kind: "write", step: next, ...(unproven !== undefined && { unproven }) };
}

function goBack(plan: Plan, state: ReleaseState, seen: ReadonlyMap<string, Seen>, now: number): Decision {
  const position = stepsBack.indexOf(state.step as (typeof stepsBack)[number]);
  const behind = notApplied(plan, state, seen);
  if (position >= 0 && behind !== undefined && now < state.at + backDeadlineMs)
    return {
      kind: "wait",
      reason: `going back (${state.failure!.reason}): ${behind}`,
      until: state.at + backDeadlineMs,
      then: "it goes on; the cluster takes the newest when it returns",
    };
  const next = stepsBack[position + 1];
  if (next !== undefined) return { kind: "write", step: next };
  return {
    kind: "end",
    outcome: state.failure!.code === "superseded" ? "superseded" : "failed",
    reason: state.failure!.reason,
  };
}

function notApplied(plan: Plan, state: ReleaseState, seen: ReadonlyMap<string, Seen>): string | undefined {
  for (const cluster of Object.keys(plan.lanes)) {
    const known = seen.get(cluster);
    if (known === undefined) return `${cluster}: not seen yet`;
    if (known.applied < state.revision)
      return `${cluster}: ${known.error ?? `applied up to revision ${known.applied} of ${state.revision}`}`;
  }
  return undefined;
}

const fatal =
  /\b(CrashLoopBackOff|RunContainerError|StartError|CreateContainerError|CreateContainerConfigError|ErrImagePull|ImagePullBackOff|InvalidImageName)\b/;

/** What keeps a revision from being ready. `fatal`: it has had its time to recover; `again`: when that is over, Unix ms. */
interface Gate {
  reason: string;
  crashing: boolean;
  fatal: boolean;
  again?: number;
}

function readiness(plan: Plan, seen: ReadonlyMap<string, Seen>, state: ReleaseState, now: number): Gate | undefined {
  if (plan.revision === null) return undefined;
  let first: Gate | undefined;
  for (const [cluster, { minReady }] of Object.entries(plan.lanes)) {
    const pods = seen.get(cluster)?.ready[plan.app]?.[plan.revision];
    if ((pods?.ready ?? 0) >= minReady) continue;
    const reason = `${cluster}: ${pods?.ready ?? 0} of ${minReady} pods of ${plan.revision} are ready${pods?.reason === undefined ? "" : `: ${pods.reason}`}`;
    const crashing = pods?.reason !== undefined && fatal.test(pods.reason);
    const graceEnd = state.at + crashGraceMs;
    if (crashing && now >= graceEnd) return { reason, crashing, fatal: true };
    first ??= { reason, crashing, fatal: false, ...(crashing && { again: graceEnd }) };
  }
  return first;
}
