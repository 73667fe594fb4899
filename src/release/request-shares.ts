import type { Lane, RevisionName } from "../model/rows.ts";
import { activeCells } from "../rollout/position.ts";
import type { Remembered } from "./journal-state.ts";
import type { EvidenceSource } from "./observe.ts";

/** What requests really did in one cluster lately. */
export interface RequestShares {
  /** In that time, to all revisions. A whole number. */
  requests: number;
  overMs: number;
  /** In percent; all 0 when there were no requests. */
  shares: Record<RevisionName, number>;
}

/** Looks of 10 s, complete up to 5 s ago at worst: two of them are always there. */
const lookMs = 10_000;
const overMs = 25_000;

/**
 * The share of requests that each live revision got lately, as the proxies counted them. undefined: nobody could tell.
 * Follows a change of weights with a delay of some seconds.
 */
export function requestShares(
  app: string,
  cluster: string,
  lane: Lane | undefined,
  evidence: Pick<EvidenceSource, "evidence">,
  now: number,
): RequestShares | undefined {
  if (lane?.kind !== "home") return undefined;
  const counted = Object.keys(lane.live).map((revision): { revision: string; requests: number; looks: number } => {
    const looks = evidence.evidence({
      app,
      cluster,
      kind: "workload",
      revision,
      baseline: null,
      from: now - overMs,
      to: now,
      intervalMs: lookMs,
    });
    return {
      revision,
      requests: looks.reduce((sum, { subject }) => sum + subject.requests, 0),
      looks: looks.filter(({ heard }) => heard > 0).length,
    };
  });
  const looks = Math.max(0, ...counted.map((each) => each.looks));
  if (looks === 0) return undefined;
  const all = counted.reduce((sum, { requests }) => sum + requests, 0);
  return {
    requests: Math.round(all),
    overMs: looks * lookMs,
    shares: Object.fromEntries(
      counted.map(({ revision, requests }) => [revision, all === 0 ? 0 : (100 * requests) / all]),
    ),
  };
}

/** Of the clusters that a release is at work in, by cluster: elsewhere nothing changes. */
export function currentShares(
  { accepted, begun, state, ended }: Pick<Remembered, "accepted" | "begun" | "state" | "ended">,
  lanes: ReadonlyMap<string, Lane>,
  evidence: Pick<EvidenceSource, "evidence">,
  now: number,
): Map<string, RequestShares> {
  const shares = new Map<string, RequestShares>();
  if (begun === undefined || ended !== undefined || accepted.app === null) return shares;
  for (const { name } of activeCells(begun.plan, begun.before, state)) {
    const known = requestShares(begun.plan.app, name, lanes.get(name), evidence, now);
    if (known !== undefined) shares.set(name, known);
  }
  return shares;
}
