import { formatDuration } from "../model/duration.ts";
import { lacking } from "../model/applied.ts";
import type { Seen } from "../model/rows.ts";
import type { Cell, FailureCode, ReleaseState } from "./state.ts";
import { fleetCell, type Before, type Plan } from "./plan.ts";
import type { LaneStep, Stage } from "./program.ts";
import { isFast } from "./verdict-tests.ts";
import type { Verdict } from "./verdict.ts";
import { judgeAll, type View } from "./views.ts";

/** What the proxies concerned say of a cell's rows. Absent from an observation: nobody was asked yet. */
export interface Acknowledgement {
  done: boolean;
  /** Some proxy refused it, and will until it changes. */
  rejected?: boolean;
  /** In words: who has it, or who lacks what. */
  evidence: string;
}

/** What is known of the world when a decision is made. */
export interface Observation {
  seen: ReadonlyMap<string, Seen>;
  /** By cell. */
  acknowledged: ReadonlyMap<string, Acknowledgement>;
  /** By cell: looks since its step was acknowledged. */
  looks: ReadonlyMap<string, readonly View[]>;
  /** Since when figures are kept, Unix ms: a hold that began before counts anew from there. Absent: always. */
  figuresSince?: number;
  /** A newer release of the app that waits for this one. */
  newer?: number;
}

/** Nothing to do in a cell before something changes, or `until` (Unix ms) when it is looked at anew and `then` happens. */
export interface Wait {
  cell: string;
  kind: "contact" | "pods" | "proxies" | "hold" | "person" | "drain" | "turn";
  reason: string;
  until: number;
  then: string;
}

export type Gate =
  | { kind: "pass"; evidence: string; verdict?: Verdict }
  | { kind: "wait"; wait: Wait }
  | { kind: "fail"; code: FailureCode; reason: string };

/** A pod that crashes is given this long to recover. */
export const crashGraceMs = 15_000;
/** On the way back, and where something is to go, there is nobody left to give up for: it is looked at again. */
export const againMs = 60_000;
/** Longest that a person is waited for. */
export const personMs = 7 * 24 * 3_600_000;

/** Whether what was written to a cell is in force: applied in its clusters, its pods ready, and the proxies concerned have it. */
export function held(
  name: string,
  step: LaneStep | Stage,
  cell: Cell,
  plan: Plan,
  before: Before,
  state: ReleaseState,
  { seen, acknowledged }: Observation,
  now: number,
): Gate {
  const forward = state.failure === undefined;
  const deadline = cell.at + plan.progressDeadlineMs;
  const over = now >= deadline;
  const late = (kind: Wait["kind"], reason: string, code: FailureCode): Gate =>
    forward && over && !isRemoval(step) && plan.roster !== null
      ? { kind: "fail", code, reason }
      : {
          kind: "wait",
          wait: {
            cell: name,
            kind,
            reason,
            until: over ? now + againMs : deadline,
            then:
              forward && !isRemoval(step) && plan.roster !== null
                ? "the release is taken back"
                : "it is looked at again",
          },
        };
  for (const cluster of clustersOf(name, plan, before)) {
    const why = cell.wrote ? unapplied(cluster, plan, cell, seen) : undefined;
    if (why !== undefined) return late("contact", `${cluster}: ${why}`, "not-applied");
  }
  const pods = podsReady(name, step, plan, state, seen, cell, now);
  if (pods !== undefined)
    return pods.fatal && forward
      ? { kind: "fail", code: "crashing", reason: pods.reason }
      : soon(late("pods", pods.reason, pods.crashing ? "crashing" : "never-ready"), pods.until);
  if (!cell.wrote || !asksProxies(step)) return { kind: "pass", evidence: "floor" in step ? "pods ready" : "applied" };
  const answer = acknowledged.get(name);
  if (answer?.done === true) return { kind: "pass", evidence: answer.evidence };
  const where = name === fleetCell ? "" : `${name}: `;
  const reason = `${where}${answer?.evidence ?? "the proxies haven't been asked yet"}`;
  if (answer?.rejected === true && forward && !isRemoval(step) && plan.roster !== null)
    return { kind: "fail", code: "rejected", reason };
  return late("proxies", reason, "silent");
}

/** Why a cluster doesn't have what was written to a cell; undefined: it has. */
export function unapplied(
  cluster: string,
  { app }: Pick<Plan, "app">,
  { revision }: Pick<Cell, "revision">,
  seen: ReadonlyMap<string, Seen>,
): string | undefined {
  const known = seen.get(cluster);
  if (known === undefined) return "not seen yet";
  const why = lacking(known, app, revision);
  return why === undefined ? undefined : (known.error ?? why);
}

/** A pod that crashes isn't waited for until the step's deadline. */
function soon(gate: Gate, until = Infinity): Gate {
  return gate.kind === "wait" ? { ...gate, wait: { ...gate.wait, until: Math.min(gate.wait.until, until) } } : gate;
}

/** Clusters whose contact and proxies a cell waits for: its own, and those whose callers follow it or did so before. */
export function clustersOf(name: string, plan: Plan, before: Before): string[] {
  const follow = [
    ...Object.entries(plan.reach),
    ...Object.values(before.lanes).flatMap((lane) =>
      lane.kind === "reach" ? [[lane.cluster, lane.lead] as const] : [],
    ),
  ];
  if (name !== fleetCell)
    return [...new Set([name, ...follow.flatMap(([cluster, lead]) => (lead === name ? [cluster] : []))])];
  return [...new Set([...plan.waves.flatMap(({ clusters }) => clusters), ...follow.map(([cluster]) => cluster)])];
}

/** Steps that only make pods, or take away what nobody can reach any more. */
function asksProxies(step: LaneStep | Stage): boolean {
  return !["create", "scale", "recreate", "rescale", "remove", "delete", "discard", "pause"].includes(step.do);
}

/** After these something goes that a proxy might still use: nobody is excused. */
export function isRemoval(step: LaneStep | Stage): boolean {
  if (step.do === "settle") return step.removes;
  return ["close", "clear", "unsubset", "switch", "shut", "remove", "delete", "discard", "narrow", "restore"].includes(
    step.do,
  );
}

const fatal =
  /\b(CrashLoopBackOff|RunContainerError|StartError|CreateContainerError|CreateContainerConfigError|ErrImagePull|ImagePullBackOff|InvalidImageName)\b/;

/** What keeps the pods of a step from being ready. `fatal`: they have had their time to recover. */
function podsReady(
  cluster: string,
  step: LaneStep | Stage,
  plan: Plan,
  state: ReleaseState,
  seen: ReadonlyMap<string, Seen>,
  cell: Cell,
  now: number,
): { reason: string; crashing: boolean; fatal: boolean; until?: number } | undefined {
  if (!("floor" in step)) return undefined;
  const pods = seen.get(cluster)?.ready[plan.app] ?? {};
  const revision = step.do === "recreate" ? step.revision : plan.revision!;
  const { ready = 0, reason: why } = pods[revision] ?? {};
  if (ready >= step.floor) return undefined;
  const reason = `${cluster}: ${ready} of ${step.floor} pods of ${revision} are ready${why === undefined ? "" : `: ${why}`}`;
  const crashing = why !== undefined && fatal.test(why);
  const borne = cell.at + crashGraceMs;
  const counts = crashing && state.failure === undefined;
  return { reason, crashing, fatal: counts && now >= borne, ...(counts && { until: borne }) };
}

/** What must be over, once a step is held, before the next is written. */
export function finished(
  name: string,
  step: LaneStep | Stage,
  cell: Cell & { heldAt: number },
  plan: Plan,
  state: ReleaseState,
  { seen, looks, figuresSince = 0 }: Observation,
  now: number,
): Gate {
  const pass = (evidence: string, verdict?: Verdict): Gate => ({
    kind: "pass",
    evidence,
    ...(verdict !== undefined && { verdict }),
  });
  const wait = (kind: Wait["kind"], reason: string, until: number, then: string): Gate => ({
    kind: "wait",
    wait: { cell: name, kind, reason, until, then },
  });
  const promoted = state.promotedAt !== undefined && state.promotedAt >= cell.heldAt;
  if (step.do === "pause") {
    const until = cell.heldAt + (step.pauseMs ?? personMs);
    const gone = noPods(name, plan, seen);
    if (gone !== undefined) return gone;
    const verdict = judgeAll(plan.analysis, looks.get(name) ?? []);
    if (verdict.kind === "fail") return { kind: "fail", code: "unhealthy", reason: `${name}: ${verdict.reason}` };
    if (promoted || (step.pauseMs !== null && now >= until)) return pass(promoted ? "promoted" : "the pause is over");
    if (now >= until) return { kind: "fail", code: "not-promoted", reason: "nobody promoted it for 7 days" };
    return wait(
      "person",
      `${name}: paused by its steps`,
      until,
      step.pauseMs === null ? "the release is taken back" : "it goes on",
    );
  }
  if (
    (step.do === "clear" || step.do === "unsubset" || (step.do === "settle" && step.removes)) &&
    cell.wrote &&
    plan.drainMs > 0 &&
    now < cell.heldAt + plan.drainMs
  )
    return wait(
      "drain",
      `${name}: requests under way get ${formatDuration(plan.drainMs)} to end`,
      cell.heldAt + plan.drainMs,
      "what isn't needed any more is removed",
    );
  if (cell.closing === true && now < cell.heldAt + plan.closeMs)
    return wait(
      "drain",
      `requests over closed calls get ${formatDuration(plan.closeMs)} to end`,
      cell.heldAt + plan.closeMs,
      "permissions go",
    );
  if (!("judged" in step) || !step.judged) return pass("");
  const gone = "weight" in step ? noPods(name, plan, seen) : undefined;
  if (gone !== undefined) return gone;
  const since = Math.max(cell.heldAt, figuresSince);
  return judged(name, step, since, plan, promoted, looks.get(name) ?? [], now, { pass, wait });
}

/**
 * Whether weight may be written now: pods that were ready when they were waited for may have gone since. They get as long
 * to come back as a step may take.
 */
export function capable(
  cluster: string,
  hold: LaneStep,
  next: LaneStep,
  cell: { heldAt: number },
  plan: Plan,
  seen: ReadonlyMap<string, Seen>,
  now: number,
): Exclude<Gate, { kind: "pass" }> | undefined {
  if (next.do !== "weight") return undefined;
  const pods = seen.get(cluster)?.ready[plan.app]?.[plan.revision!];
  if ((pods?.ready ?? 0) > 0) return undefined;
  const why = pods?.reason === undefined ? "" : `: ${pods.reason}`;
  const reason = `${cluster}: no pod of ${plan.revision} is ready any more${why}`;
  const heldMs = "holdMs" in hold ? hold.holdMs : "pauseMs" in hold ? (hold.pauseMs ?? personMs) : 0;
  const until = cell.heldAt + heldMs + plan.progressDeadlineMs;
  if (now >= until) return { kind: "fail", code: fatal.test(pods?.reason ?? "") ? "crashing" : "never-ready", reason };
  // oxlint-disable-next-line unicorn/no-thenable -- what happens then: a word of the API
  return { kind: "wait", wait: { cell: cluster, kind: "pods", reason, until, then: "the release is taken back" } };
}

/** No weight for a revision without ready pods. Of a cluster out of contact nothing is known, and nothing concluded. */
function noPods(cluster: string, plan: Plan, seen: ReadonlyMap<string, Seen>): Gate | undefined {
  const known = seen.get(cluster);
  const pods = known?.ready[plan.app]?.[plan.revision!];
  if (known === undefined || known.error !== undefined || (pods?.ready ?? 0) > 0) return undefined;
  const why = pods?.reason === undefined ? "" : `: ${pods.reason}`;
  return { kind: "fail", code: "crashing", reason: `${cluster}: no pod of ${plan.revision} is ready any more${why}` };
}

function judged(
  name: string,
  step: { holdMs: number },
  since: number,
  plan: Plan,
  promoted: boolean,
  looks: readonly View[],
  now: number,
  to: {
    pass: (evidence: string, verdict?: Verdict) => Gate;
    wait: (kind: Wait["kind"], reason: string, until: number, then: string) => Gate;
  },
): Gate {
  const { analysis } = plan;
  const verdict = judgeAll(analysis, looks);
  const holdEnd = since + step.holdMs;
  const deadline = holdEnd + plan.progressDeadlineMs;
  const where = name === fleetCell ? "" : `${name}: `;
  if (verdict.kind === "fail") return { kind: "fail", code: "unhealthy", reason: `${where}${verdict.reason}` };
  if (promoted) return to.pass("promoted", verdict);
  if (step.holdMs === 0) return to.pass("not held");
  const again = Math.min(now + analysis.intervalMs, now < holdEnd ? holdEnd : deadline);
  if (now < holdEnd) return to.wait("hold", `${where}${verdict.reason}`, Math.max(again, now + 1), "it is judged");
  if (verdict.kind === "pass") return to.pass(verdict.reason, verdict);
  const { looks: complete, requests, failed, latency } = verdict.figures;
  const little =
    verdict.kind === "no-traffic" || (verdict.kind === "undecided" && complete > 0 && requests < analysis.minRequests);
  const passes = little && analysis.noTraffic === "pass";
  // Too few for a verdict, but something among them went wrong: more are waited for before it may pass.
  const clean = failed < 0.5 && latency.every((one) => one.timed < 0.5 || isFast(one));
  if (passes && (clean || now >= deadline)) return to.pass(`passed without evidence: ${verdict.reason}`, verdict);
  if (now >= deadline) return { kind: "fail", code: "no-evidence", reason: `${where}${verdict.reason}` };
  return to.wait(
    "hold",
    `${where}${verdict.reason}`,
    Math.max(again, now + 1),
    passes
      ? "it is judged again; without a verdict it goes on"
      : "it is judged again; without a verdict the release is taken back",
  );
}
