import type { WaveView } from "../../../src/release/release-view.ts";

/** So many cords can be read side by side; beyond, waves are folded into one cord each. */
export const mostCords = 12;

/** The waves (counted from 1) that show their clusters: all of a small release, of a large one those that were opened. Pure. */
export function unfolded(
  waves: readonly Pick<WaveView, "clusters" | "state">[],
  opened: readonly number[],
): Set<number> {
  const all = waves.reduce((sum, { clusters }) => sum + clusters.length, 0);
  if (all <= mostCords) return new Set(waves.map((_, index) => index + 1));
  return new Set(opened.filter((wave) => wave <= waves.length));
}

export function foldable(waves: readonly Pick<WaveView, "clusters">[]): boolean {
  return waves.reduce((sum, { clusters }) => sum + clusters.length, 0) > mostCords;
}

/** The wave that holds the cluster, counted from 1; 0: none does. */
export function waveOf(waves: readonly Pick<WaveView, "clusters">[], cluster: string): number {
  return waves.findIndex(({ clusters }) => clusters.some((each) => each.cluster === cluster)) + 1;
}
