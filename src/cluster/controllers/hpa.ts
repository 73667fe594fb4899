import type { HorizontalPodAutoscaler } from "../../objects/core.ts";

/** A pod of the target as the autoscaler sees it. Usage in the unit of the metric (cores, bytes); undefined: no sample yet. */
export interface PodSample {
  ready: boolean;
  usage: number | undefined;
  request: number | undefined;
}

/** What was recommended before, kept between syncs of one autoscaler. Times are Unix ms. */
export interface HpaMemory {
  recommendations: { at: number; replicas: number }[];
  scaledUp: { at: number; from: number }[];
}

export interface HpaDecision {
  desired: number;
  utilization?: number;
  limited?: "TooFewReplicas" | "TooManyReplicas";
  memory: HpaMemory;
}

const tolerance = 0.1;
export const emptyHpaMemory: HpaMemory = { recommendations: [], scaledUp: [] };

/**
 * Desired replicas: ceil(current × utilisation ÷ target), nothing within 10 % of the target; scale-down takes the highest
 * recommendation of the stabilisation window (300 s unless said), scale-up at most doubles or adds 4 within 15 s
 * (Kubernetes documentation, "Horizontal Pod Autoscaling": algorithm details, default behavior).
 */
export function hpaDecision(
  hpa: HorizontalPodAutoscaler,
  current: number,
  samples: readonly PodSample[],
  memory: HpaMemory,
  now: number,
): HpaDecision {
  const min = hpa.spec?.minReplicas ?? 1;
  const max = hpa.spec?.maxReplicas ?? min;
  const target = hpa.spec?.metrics?.find((metric) => metric.resource.target.averageUtilization !== undefined)?.resource
    .target.averageUtilization;
  const usage = target === undefined ? undefined : recommend(current, samples, target);
  const raw = usage?.replicas ?? current;

  const windowMs = stabilizationSeconds(hpa) * 1000;
  const recommendations = [
    ...memory.recommendations.filter((entry) => now - entry.at <= windowMs),
    { at: now, replicas: raw },
  ];
  const stabilized =
    raw < current ? Math.min(current, Math.max(...recommendations.map((entry) => entry.replicas))) : raw;

  const scaledUp = memory.scaledUp.filter((entry) => now - entry.at < 15_000);
  const base = scaledUp[0]?.from ?? current;
  const ceiling = Math.max(base * 2, base + 4);
  let desired = stabilized > current ? Math.max(current, Math.min(stabilized, ceiling)) : stabilized;
  let limited: HpaDecision["limited"];
  if (desired < min) [desired, limited] = [min, "TooFewReplicas"];
  if (desired > max) [desired, limited] = [max, "TooManyReplicas"];
  if (desired > current && raw > current) scaledUp.push({ at: now, from: current });
  return {
    desired,
    ...(usage?.utilization !== undefined && { utilization: usage.utilization }),
    ...(limited && { limited }),
    memory: { recommendations, scaledUp },
  };
}

/** Pods without a sample count as idle when scaling up and as on target when scaling down, so that they never amplify. */
function recommend(
  current: number,
  samples: readonly PodSample[],
  target: number,
): { replicas: number; utilization: number } | undefined {
  const known = samples.filter(
    (sample) => sample.usage !== undefined && sample.request !== undefined && sample.request > 0 && sample.ready,
  );
  if (known.length === 0 || current === 0) return undefined;
  const used = known.reduce((sum, sample) => sum + (sample.usage ?? 0), 0);
  const requested = known.reduce((sum, sample) => sum + (sample.request ?? 0), 0);
  const utilization = Math.round((100 * used) / requested);
  const ratio = (100 * used) / requested / target;
  if (Math.abs(ratio - 1) <= tolerance) return { replicas: current, utilization };
  const missing = samples.length - known.length;
  if (missing === 0) return { replicas: Math.ceil(ratio * known.length), utilization };
  const meanRequest = requested / known.length;
  const assumed = ratio > 1 ? 0 : missing * meanRequest * (target / 100);
  const whole = (100 * (used + assumed)) / (requested + missing * meanRequest) / target;
  if (Math.abs(whole - 1) <= tolerance || ratio > 1 !== whole > 1) return { replicas: current, utilization };
  return { replicas: Math.ceil(whole * samples.length), utilization };
}

function stabilizationSeconds(hpa: HorizontalPodAutoscaler): number {
  const scaleDown = (hpa.spec?.behavior as { scaleDown?: { stabilizationWindowSeconds?: number } } | undefined)
    ?.scaleDown;
  return scaleDown?.stabilizationWindowSeconds ?? 300;
}
