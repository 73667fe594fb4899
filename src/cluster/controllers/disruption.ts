import type { Pod, PodDisruptionBudget } from "../../objects/core.ts";
import { scaledValue } from "./int-or-percent.ts";
import { isFinished, isReady, isTerminating } from "./pod-state.ts";

/**
 * `pods` are those that the budget selects; `expected` is the sum of replicas of the workloads that control them.
 * Rules: Kubernetes documentation, "Specifying a Disruption Budget".
 */
export function disruptionStatus(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  expected: number,
): NonNullable<PodDisruptionBudget["status"]> {
  const live = pods.filter((pod) => !isFinished(pod));
  const currentHealthy = live.filter((pod) => isReady(pod) && !isTerminating(pod)).length;
  const spec = budget.spec;
  let desiredHealthy = 0;
  let expectedPods = live.length;
  if (spec?.maxUnavailable !== undefined) {
    expectedPods = expected;
    desiredHealthy = Math.max(0, expected - (scaledValue(spec.maxUnavailable, expected, "up") ?? 0));
  } else if (typeof spec?.minAvailable === "string") {
    expectedPods = expected;
    desiredHealthy = scaledValue(spec.minAvailable, expected, "up") ?? 0;
  } else {
    desiredHealthy = spec?.minAvailable ?? 0;
  }
  return {
    observedGeneration: budget.metadata.generation ?? 0,
    expectedPods,
    currentHealthy,
    desiredHealthy,
    disruptionsAllowed: expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0,
  };
}
