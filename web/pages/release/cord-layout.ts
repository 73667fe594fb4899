import type { ClusterView, StepView } from "../../../src/release/release-view.ts";

/** In pixels; as the style sheet has them. */
export const headHeight = 62;
export const rowHeight = 24;
const tailHeight = 16;
export const cordX = 14;

export interface KnotPlace {
  step: StepView;
  y: number;
  back: boolean;
}
export interface CordLayout {
  knots: KnotPlace[];
  height: number;
  /** Down to there the release has come. */
  reachedY: number;
  /** From there on the way leads back; absent: it doesn't. */
  backFromY?: number;
}

/** The steps; where the way leads back: those that were come to, and the way back. */
export function wayOf({ steps, back }: Pick<ClusterView, "steps" | "back">): { step: StepView; back: boolean }[] {
  const ahead = back.length === 0 ? steps : steps.filter(({ state }) => state !== "waiting");
  return [...ahead.map((step) => ({ step, back: false })), ...back.map((step) => ({ step, back: true }))];
}

/** Where the knots of a cord are: the steps, below them the way back. `rows`: as long as the longest cord beside it. Pure. */
export function layoutOf({ steps, back }: Pick<ClusterView, "steps" | "back">, rows: number): CordLayout {
  const all = wayOf({ steps, back });
  const knots = all.map((knot, index) => ({ ...knot, y: headHeight + (index + 0.5) * rowHeight }));
  const reached = knots.findLast(({ step }) => step.state !== "waiting");
  const turned = back.length > 0 ? knots.find((knot) => knot.back) : undefined;
  return {
    knots,
    height: headHeight + Math.max(rows, knots.length) * rowHeight + tailHeight,
    reachedY: reached?.y ?? 0,
    ...(turned !== undefined && { backFromY: turned.y - rowHeight / 2 }),
  };
}

export function rowsOf(clusters: readonly Pick<ClusterView, "steps" | "back">[]): number {
  return Math.max(1, ...clusters.map((cluster) => Math.max(cluster.steps.length, wayOf(cluster).length)));
}
