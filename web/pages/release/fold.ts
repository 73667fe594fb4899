import type { WaveView } from "../../../src/release/release-view.ts";

/** So many cords can be read side by side; beyond, waves are folded into one cord each. */
export const mostCords = 12;
/** A wave of so few isn't worth folding, however large the release. */
const fewCords = 4;

/** The waves (counted from 1) that show their clusters: all of a small release, of a large one those that were opened. Pure. */
export function unfolded(
  waves: readonly Pick<WaveView, "clusters" | "state">[],
  opened: readonly number[],
): Set<number> {
  const all = waves.reduce((sum, { clusters }) => sum + clusters.length, 0);
  if (all <= mostCords) return new Set(waves.map((_, index) => index + 1));
  return new Set(waves.flatMap((wave, index) => (isSmall(wave) || opened.includes(index + 1) ? [index + 1] : [])));
}

/** Whether a wave can be folded and unfolded. */
export function foldable(waves: readonly Pick<WaveView, "clusters">[], wave: Pick<WaveView, "clusters">): boolean {
  return !isSmall(wave) && waves.reduce((sum, { clusters }) => sum + clusters.length, 0) > mostCords;
}

function isSmall({ clusters }: Pick<WaveView, "clusters">): boolean {
  return clusters.length <= fewCords;
}
