import type { ClusterView } from "../../api/views.ts";

type HealingPause = NonNullable<NonNullable<ClusterView["spec"]["healing"]>["paused"]>[number];

/** Those of a cluster's document that last at `now`, Unix ms. */
export function lastingPauses(cluster: Pick<ClusterView, "spec"> | undefined, now: number): readonly HealingPause[] {
  return (cluster?.spec.healing?.paused ?? []).filter(({ until }) => Date.parse(until) > now);
}
