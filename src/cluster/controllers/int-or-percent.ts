/**
 * Kubernetes' IntOrString as used by rollouts and disruption budgets: a count, or a percentage of `total`.
 * Rounds up for surge and minAvailable, down for maxUnavailable of a rollout (Kubernetes API reference, RollingUpdateDeployment).
 */
export function scaledValue(
  value: number | string | undefined,
  total: number,
  round: "up" | "down",
): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number") return value;
  const percent = /^(\d+)%$/.exec(value);
  if (percent === null) return /^\d+$/.test(value) ? Number(value) : undefined;
  const exact = (Number(percent[1]) * total) / 100;
  return round === "up" ? Math.ceil(exact) : Math.floor(exact);
}
