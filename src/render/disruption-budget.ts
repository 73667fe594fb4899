import type { PodDisruptionBudget } from "../objects/core.ts";
import { head } from "./names.ts";
import type { Reader } from "./reader.ts";

/** At most a quarter of the app's pods (rounded up, so one of two) may be taken away on purpose at a time. */
export function disruptionBudget(namespace: string, app: string, read: Reader): PodDisruptionBudget | undefined {
  if (read.roster(app)?.segment !== namespace || read.homeLane(app) === undefined) return undefined;
  return {
    ...head("PodDisruptionBudget", namespace, app, { app }),
    spec: { maxUnavailable: "25%", selector: { matchLabels: { app } } },
  };
}
