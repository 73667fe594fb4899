import { describe, expect, it } from "vitest";
import type { HorizontalPodAutoscaler } from "../../objects/core.ts";
import { emptyHpaMemory, hpaDecision, type HpaMemory, type PodSample } from "./hpa.ts";

const hpa = (min: number, max: number, target = 70, behavior?: Record<string, unknown>): HorizontalPodAutoscaler => ({
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "h" },
  spec: {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "d" },
    minReplicas: min,
    maxReplicas: max,
    metrics: [
      { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: target } } },
    ],
    ...(behavior && { behavior }),
  },
});
const pods = (count: number, percent: number | undefined, ready = true): PodSample[] =>
  Array.from({ length: count }, () => ({
    ready,
    usage: percent === undefined ? undefined : percent / 100,
    request: 1,
  }));
const desired = (
  of: HorizontalPodAutoscaler,
  current: number,
  samples: PodSample[],
  memory: HpaMemory = emptyHpaMemory,
  now = 0,
): number => hpaDecision(of, current, samples, memory, now).desired;

describe("hpaDecision", () => {
  it("keeps to min and max even without a metric", () => {
    expect(hpaDecision(hpa(2, 5), 1, [], emptyHpaMemory, 0)).toMatchObject({ desired: 2, limited: "TooFewReplicas" });
    expect(hpaDecision(hpa(2, 5), 9, [], emptyHpaMemory, 0)).toMatchObject({ desired: 5, limited: "TooManyReplicas" });
    expect(desired(hpa(2, 5), 3, pods(3, undefined))).toBe(3);
  });
  it("scales by the ratio to the target", () => {
    expect(desired(hpa(1, 10), 2, pods(2, 140))).toBe(4);
    expect(hpaDecision(hpa(1, 10), 2, pods(2, 140), emptyHpaMemory, 0).utilization).toBe(140);
  });
  it("leaves what is within a tenth of the target alone", () => {
    expect(desired(hpa(1, 10), 4, pods(4, 76))).toBe(4);
    expect(desired(hpa(1, 10), 4, pods(4, 78))).toBe(5);
  });
  it("counts pods without a sample as idle when scaling up", () => {
    // (140 + 140 + 0) / 3 = 93 %: 4, not 6.
    expect(desired(hpa(1, 10), 3, [...pods(2, 140), ...pods(1, undefined)])).toBe(4);
  });
  it("counts them as on target when scaling down", () => {
    expect(
      desired(hpa(1, 10, 70, { scaleDown: { stabilizationWindowSeconds: 0 } }), 4, [
        ...pods(2, 10),
        ...pods(2, undefined),
      ]),
    ).toBe(3);
  });
  it("at most doubles, or adds four, within 15 seconds", () => {
    const first = hpaDecision(hpa(1, 100), 2, pods(2, 2000), emptyHpaMemory, 0);
    expect(first.desired).toBe(6);
    expect(desired(hpa(1, 100), 6, pods(6, 2000), first.memory, 5000)).toBe(6);
    expect(desired(hpa(1, 100), 6, pods(6, 2000), first.memory, 15_000)).toBe(12);
  });
  it("scales down only to the highest recommendation of five minutes", () => {
    let memory: HpaMemory = emptyHpaMemory;
    const look = (percent: number, now: number): number => {
      const decision = hpaDecision(hpa(1, 10), 4, pods(4, percent), memory, now);
      memory = decision.memory;
      return decision.desired;
    };
    expect(look(70, 0)).toBe(4);
    expect(look(10, 60_000)).toBe(4);
    expect(look(10, 290_000)).toBe(4);
    expect(look(10, 301_000)).toBe(1);
  });
});
