import type { Cluster } from "../model/cluster.ts";
import { Problem } from "../model/problem.ts";
import type { Plan } from "../rollout/plan.ts";
import type { InForce } from "../store/in-force.ts";

/**
 * Clusters whose declared capacity has no room for the release at its fullest, when old and new pods run side by side and
 * every other app has only its least. Pure: what is certain not to fit is refused, what may not is lint's to say.
 */
export function capacityProblems(plan: Plan, view: InForce, clusters: readonly Cluster[]): Problem[] {
  if (!plan.parts.includes("workload") && !plan.parts.includes("placement") && !plan.parts.includes("scale")) return [];
  return clusters.flatMap(({ metadata: { name }, spec }) => {
    const target = plan.lanes[name];
    const room = spec.capacity?.pods;
    if (target === undefined || room === undefined) return [];
    let others = 0;
    let old = 0;
    for (const [app, { value }] of view.lanes.get(name) ?? []) {
      if (value.kind !== "home") continue;
      const scale = view.snapshots.get(value.scale);
      const least = scale?.part === "scale" ? scale.value.min : 0;
      if (app !== plan.app) others += least;
      else if (plan.parts.includes("workload") && value.good !== null) old = least;
    }
    const needed = others + old + target.min;
    if (needed <= room) return [];
    const beside = old > 0 ? `, beside ${old} of the old revision` : "";
    return [
      new Problem(
        "no-capacity",
        `${name} has room for ${room} pods, and ${others} of other apps run there at least: ${target.min} of ${plan.app}${beside} don't fit.`,
        {
          field: "spec.workload.replicas.min",
          found: target.min,
          accepted: `at most ${Math.max(0, room - others - old)}, or a larger spec.capacity.pods of Cluster ${name}`,
          subject: `App/${plan.app}`,
        },
      ),
    ];
  });
}
