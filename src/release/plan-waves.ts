import { clusterLabels, type Cluster } from "../model/cluster.ts";
import { Problem } from "../model/problem.ts";
import type { RolloutPlan } from "../model/resolve-rollout.ts";
import { selects } from "../model/selector.ts";
import type { Wave } from "../rollout/plan.ts";

/**
 * Clusters of a release by wave: each wave takes what its selector matches of those that are left, one without a
 * selector all of them. What no wave names comes last, then the clusters that the app leaves: their replacement serves
 * by then. A selector that matches no cluster of the fleet is a mistake; one that only matches others is passed over.
 */
export function wavesOf(
  waves: RolloutPlan["waves"],
  clusters: readonly Cluster[],
  placed: readonly string[],
  leaving: readonly string[],
): { waves: Wave[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const result: Wave[] = [];
  let left = placed.toSorted();
  for (const [index, { name, clusters: selector, maxConcurrent }] of waves.entries()) {
    const matching = clusters.filter((cluster) => selects(selector, clusterLabels(cluster)));
    if (selector !== undefined && matching.length === 0)
      problems.push(
        new Problem("unknown-reference", `Wave ${name ?? index + 1} matches no cluster.`, {
          field: `spec.rollout.waves[${index}].clusters`,
          found: selector,
          accepted: `labels of ${clusters.map(({ metadata }) => metadata.name).join(", ") || "a cluster; none is declared"}`,
        }),
      );
    const taken = left.filter((cluster) => matching.some(({ metadata }) => metadata.name === cluster));
    if (taken.length === 0) continue;
    left = left.filter((cluster) => !taken.includes(cluster));
    result.push({ ...(name !== undefined && { name }), clusters: taken, maxConcurrent: maxConcurrent ?? taken.length });
  }
  if (left.length > 0) result.push({ clusters: left, maxConcurrent: left.length });
  if (leaving.length > 0) result.push({ clusters: leaving.toSorted(), maxConcurrent: leaving.length });
  return { waves: result, problems };
}
