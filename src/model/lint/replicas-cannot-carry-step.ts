import { placedIn } from "../effective.ts";
import { Problem } from "../problem.ts";
import { parseQuantity } from "../quantity.ts";
import type { Subject } from "./subject.ts";

/**
 * A step of a canary needs the new revision's share of replicas beside all of the old ones, which stay until the end. In
 * a cluster too small for both, the step can't be carried.
 */
export function replicasCannotCarryStep(subject: Subject): Problem[] {
  const { app, fleet } = subject;
  const here = placedIn(app, fleet.segments.get(app.spec.segment), fleet.clusters);
  return fleet.clusters
    .filter(({ metadata }) => here.includes(metadata.name))
    .flatMap((cluster) => {
      const { workload, rollout } = subject.effective(app, cluster).spec;
      const { cpu, memory, pods = Infinity } = cluster.spec.capacity ?? {};
      const room = (unit: "cpu" | "memory", amount: string | number | undefined) => {
        const request = workload!.resources?.requests?.[unit];
        return amount === undefined || request === undefined
          ? Infinity
          : Math.floor(parseQuantity(unit, amount)! / parseQuantity(unit, request)!);
      };
      const fits = Math.min(pods, room("cpu", cpu), room("memory", memory));
      const { max } = workload!.replicas!;
      const index = rollout!.steps!.findIndex(
        (step) => "weight" in step && max! + Math.ceil((max! * step.weight) / 100) > fits,
      );
      if (index < 0) return [];
      const step = rollout!.steps![index]!;
      const weight = "weight" in step ? step.weight : 0;
      const needed = max! + Math.ceil((max! * weight) / 100);
      return [
        new Problem(
          "replicas-cannot-carry-step",
          `At ${weight} % both revisions need ${needed} replicas at full load, but ${cluster.metadata.name} has room for ${fits}.`,
          {
            field:
              app.spec.rollout?.steps === undefined
                ? "spec.workload.replicas.max"
                : `spec.rollout.steps[${index}].weight`,
            found: app.spec.rollout?.steps === undefined ? max : weight,
            accepted: `at most ${fits} replicas of both`,
          },
        ),
      ];
    });
}
