import type { HomeLane, Lane, RevisionName } from "../model/rows.ts";

/** Revisions that serve: the good one, and those that carry weight. */
export function servingIn(lane: HomeLane): RevisionName[] {
  return Object.keys(lane.live).filter((name) => name === lane.good || (lane.weights[name] ?? 0) > 0);
}

/** Whether a release that had to give up left a revision behind: it lives and doesn't serve. */
export function hasStrays(lane: Lane | undefined): boolean {
  return lane?.kind === "home" && servingIn(lane).length < Object.keys(lane.live).length;
}
