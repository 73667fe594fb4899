import type { AppRollout } from "./app-rollout.ts";
import { Problem } from "./problem.ts";

/** What the schema of `rollout` can't say. `path` is where it stands. */
export function checkRollout(rollout: Partial<AppRollout> | undefined, path: string): Problem[] {
  if (rollout === undefined) return [];
  const problems: Problem[] = [];
  const { strategy, steps = [], analysis } = rollout;
  if (strategy !== undefined && strategy !== "canary" && strategy !== "rolling")
    problems.push(
      new Problem("unsupported", `${path}.strategy: ${strategy} isn't built yet.`, {
        field: `${path}.strategy`,
        found: strategy,
        accepted: "canary, rolling",
      }),
    );
  if (analysis?.noTraffic === "synthetic")
    problems.push(
      new Problem("unsupported", `${path}.analysis.noTraffic: synthetic requests aren't built yet.`, {
        field: `${path}.analysis.noTraffic`,
        found: "synthetic",
        accepted: "hold, pass",
      }),
    );
  let highest = 0;
  for (const [index, step] of steps.entries()) {
    if (!("weight" in step)) continue;
    if (step.weight < highest || step.weight === 0)
      problems.push(
        new Problem(
          "out-of-range",
          step.weight === 0
            ? `${path}.steps[${index}].weight is 0: nothing would be learnt from it.`
            : `${path}.steps[${index}].weight goes back from ${highest} to ${step.weight}.`,
          {
            field: `${path}.steps[${index}].weight`,
            found: step.weight,
            accepted: `${Math.max(1, highest)} to 100: weights only rise`,
          },
        ),
      );
    highest = Math.max(highest, step.weight);
  }
  if (steps.length > 0 && !steps.some((step) => "weight" in step))
    problems.push(
      new Problem("conflicting-fields", `${path}.steps has no weight.`, {
        field: `${path}.steps`,
        accepted: "at least one step with a weight",
      }),
    );
  return problems;
}
