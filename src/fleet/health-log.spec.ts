import { expect, test } from "vitest";
import { HealthLog } from "./health-log.ts";

const hpa = "autoscaling/v2/HorizontalPodAutoscaler/money/checkout";

test("what lasts is told, since when it is so; what gets well isn't any more", () => {
  const log = new HealthLog();
  log.found(hpa, "checkout", "FailedGetResourceMetric", 1000);
  expect(log.told(30_999)).toBeUndefined();
  // Another word of the same illness.
  log.found(hpa, "checkout", "FailedGetScale", 20_000);
  const object = "HorizontalPodAutoscaler money/checkout";
  expect(log.told(31_000)).toEqual({
    count: 1,
    objects: [{ object, app: "checkout", problem: "FailedGetScale", at: 1000 }],
  });
  log.found(hpa, "checkout", undefined, 32_000);
  expect(log.told(99_000)).toBeUndefined();
  log.found(hpa, "checkout", "FailedGetScale", 100_000);
  expect(log.told(120_000)).toBeUndefined();
});

test("all are counted, and the longest are told", () => {
  const log = new HealthLog();
  for (let at = 99; at >= 0; at--) log.found(`v1/Service/money/app-${at}`, undefined, "is being deleted", at);
  const told = log.told(60_000)!;
  expect(told.count).toBe(100);
  expect(told.objects).toHaveLength(30);
  expect(told.objects.at(-1)).toEqual({ object: "Service money/app-29", problem: "is being deleted", at: 29 });
});
