import { clustersOf, unapplied } from "../rollout/gates.ts";
import { fleetCell, type Before, type Plan } from "../rollout/plan.ts";
import { activeCells } from "../rollout/position.ts";
import type { ReleaseState } from "../rollout/state.ts";
import type { Seen } from "../model/rows.ts";

/**
 * All that a decision about a release takes from what is seen of clusters, as one string: as long as it is the same,
 * another look would end as the last one did. With many releases under way most of what is seen concerns others.
 */
export function glance(
  { plan, before }: { plan: Plan; before: Before },
  state: ReleaseState,
  seen: ReadonlyMap<string, Seen>,
): string {
  const pods = clustersOf(fleetCell, plan, before).map((cluster) => {
    const known = seen.get(cluster);
    return [known?.ready[plan.app], known?.error];
  });
  const applied = activeCells(plan, before, state).flatMap(({ name, cell }) =>
    cell.wrote && cell.heldAt === null
      ? clustersOf(name, plan, before).map((cluster) => unapplied(cluster, plan, cell, seen))
      : [],
  );
  return JSON.stringify([pods, applied]);
}
