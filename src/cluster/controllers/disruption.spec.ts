import { expect, it } from "vitest";
import type { Pod, PodDisruptionBudget } from "../../objects/core.ts";
import { disruptionStatus } from "./disruption.ts";

const budget = (spec: NonNullable<PodDisruptionBudget["spec"]>): PodDisruptionBudget => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name: "b", generation: 2 },
  spec,
});
const pod = (ready: boolean): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p" },
  status: { phase: "Running", conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
});
const pods = [pod(true), pod(true), pod(true), pod(false)];

it.each([
  [{ minAvailable: 2 }, 2, 1],
  [{ minAvailable: "50%" }, 2, 1],
  [{ maxUnavailable: 1 }, 3, 0],
  [{ maxUnavailable: "50%" }, 2, 1],
  [{ minAvailable: 9 }, 9, 0],
])("%j", (spec, desiredHealthy, disruptionsAllowed) => {
  expect(disruptionStatus(budget(spec), pods, 4)).toMatchObject({
    currentHealthy: 3,
    expectedPods: 4,
    observedGeneration: 2,
    desiredHealthy,
    disruptionsAllowed,
  });
});
