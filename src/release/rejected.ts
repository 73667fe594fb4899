import { hashOf } from "../model/canonical.ts";
import { Problem } from "../model/problem.ts";
import type { ReleasePart } from "../model/release.ts";
import type { Roster } from "../model/rows.ts";
import type { FailureCode } from "../rollout/state.ts";
import type { Plan } from "../rollout/plan.ts";
import { homesOf, type InForce } from "../store/in-force.ts";
import type { ReadTx, WriteTx } from "../store/store.ts";
import type { ResolvedApp } from "./resolve-app.ts";

/**
 * Parts that were aborted or undone, by their hash: the App still declares them, later releases keep the good part, until
 * the part is edited (another hash) or `retry` is given. Kept in a journal of the app's own, as release 0.
 */
export interface Rejection {
  part: Exclude<ReleasePart, "placement" | "scale">;
  hash: string;
  /** The release that brought it, and why it was taken back. */
  release: number;
  why: string;
}

/** Failures that a part itself is to blame for; a cluster out of contact or a newer release says nothing about it. */
const blaming: readonly FailureCode[] = [
  "never-ready",
  "crashing",
  "rejected",
  "unhealthy",
  "no-evidence",
  "not-promoted",
  "aborted",
];

export function blames(code: FailureCode): boolean {
  return blaming.includes(code);
}

/** What a plan asks for, part by part, whatever cluster. */
export function partHashes({ lanes, roster }: Pick<Plan, "lanes" | "roster">): Record<Rejection["part"], string> {
  const by = (part: "workload" | "traffic") =>
    hashOf(Object.entries(lanes).map(([cluster, lane]) => [cluster, lane[part]]));
  return {
    workload: by("workload"),
    traffic: by("traffic"),
    edges: hashOf([edgesOf(roster), Object.entries(lanes).map(([cluster, lane]) => [cluster, lane.calls])]),
  };
}

function edgesOf(roster: Roster | null): unknown {
  if (roster === null) return null;
  const { edges, outside, hosts, consents } = roster;
  return {
    consents,
    edges: Object.entries(edges).map(([callee, { rules }]) => [callee, rules]),
    outside: outside.map(({ stage: _, ...rest }) => rest),
    hosts: hosts.map(({ stage: _, ...rest }) => rest),
  };
}

export async function reject(
  tx: WriteTx,
  plan: Plan,
  parts: readonly ReleasePart[],
  release: number,
  why: string,
): Promise<void> {
  const hashes = partHashes(plan);
  const rejected = (["workload", "traffic", "edges"] as const)
    .filter((part) => parts.includes(part))
    .map((part): Rejection => ({ part, hash: hashes[part], release, why }));
  if (rejected.length === 0) return;
  await open(tx, plan.app);
  await tx.appendJournal(plan.app, 0, "reject", { rejected });
}

/** What was rejected may be tried again: on `retry`, and parts that were edited since to something that proved good. */
export async function forgive(tx: WriteTx, app: string, parts?: readonly ReleasePart[]): Promise<void> {
  if (!(await rejections(tx, app)).some(({ part }) => parts === undefined || parts.includes(part))) return;
  await tx.appendJournal(app, 0, "forgive", parts === undefined ? {} : { parts });
}

/** The app's own journal is no release: it has ended before it began. */
async function open(tx: WriteTx, app: string): Promise<void> {
  if ((await tx.lastJournal(app, 0)) === 0) await tx.appendJournal(app, 0, "end", {});
}

export async function rejections(tx: ReadTx, app: string): Promise<Rejection[]> {
  let list: Rejection[] = [];
  for (const { action, body } of await tx.journal(app, 0)) {
    const forgiven = body.parts as ReleasePart[] | undefined;
    if (action === "forgive") list = list.filter(({ part }) => forgiven !== undefined && !forgiven.includes(part));
    if (action === "reject") list.push(...(body.rejected as Rejection[]));
  }
  return list;
}

/** What of a resolved App was rejected. `retry`: what may be tried all the same: everything, or these parts. */
export function rejectedParts(
  resolved: Pick<ResolvedApp, "parts" | "plan">,
  known: readonly Rejection[],
  retry: boolean | readonly ReleasePart[] = false,
): Rejection[] {
  if (retry === true) return [];
  const hashes = partHashes(resolved.plan);
  return (["workload", "traffic", "edges"] as const).flatMap((part) => {
    if (!resolved.parts.includes(part) || (retry !== false && retry.includes(part))) return [];
    return known.findLast((each) => each.part === part && each.hash === hashes[part]) ?? [];
  });
}

/** The same with what is in force in place of the rejected parts, as far as there is something. Pure. */
export function withoutRejected(resolved: ResolvedApp, rejected: readonly Rejection[], view: InForce): ResolvedApp {
  if (rejected.length === 0) return resolved;
  const has = (part: Rejection["part"]) => rejected.some((each) => each.part === part);
  const { app } = resolved.plan;
  const now = new Map([...homesOf(app, view)].filter(([, lane]) => lane.good !== null));
  const roster = view.rosters.get(app)?.value;
  const good = [...now.values()][0]?.good ?? null;
  const lanes = Object.fromEntries(
    Object.entries(resolved.plan.lanes).map(([cluster, target]) => {
      const lane = now.get(cluster);
      if (lane === undefined) return [cluster, target];
      return [
        cluster,
        {
          ...target,
          ...(has("workload") && { workload: lane.live[lane.good!] ?? target.workload }),
          ...(has("traffic") && { traffic: lane.traffic }),
          ...(has("edges") && { calls: lane.calls }),
        },
      ];
    }),
  );
  const parts = resolved.parts.filter((part) => !(part !== "scale" && part !== "placement" && has(part)));
  return {
    ...resolved,
    parts,
    plan: {
      ...resolved.plan,
      parts,
      lanes,
      ...(has("workload") && good !== null && { revision: good }),
      ...(roster !== undefined &&
        resolved.plan.roster !== null && {
          roster: {
            ...(has("edges") ? roster : resolved.plan.roster),
            revisions: has("workload") && good !== null ? [good] : resolved.plan.roster.revisions,
          },
        }),
    },
  };
}

/** For whoever released something: what of it wasn't. */
export function keptWarnings(app: string, kept: readonly Rejection[]): Problem[] {
  return kept.map(
    ({ part, release, why }) =>
      new Problem(
        "keeps-good-part",
        `${app} keeps the ${part} that is in force: release ${release} brought what is declared, and it was taken back: ${sentence(why)}`,
        {
          accepted: `an edit of it, or: quipu retry ${app}`,
          subject: `App/${app}`,
        },
      ),
  );
}

function sentence(text: string): string {
  return text.endsWith(".") ? text : `${text}.`;
}
