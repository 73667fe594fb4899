import { expect, test } from "vitest";
import { appHealth, clusterHealth, podsHealth, releaseHealth } from "./health.ts";

const cluster = (ready: number, total: number, reason?: string) => ({
  name: "bogota",
  revision: "r1",
  weights: {},
  pods: { ready, total },
  revisions: { r1: { ready, total, ...(reason !== undefined && { reason }) } },
  ageMs: 0,
});

test("an app", () => {
  expect(appHealth({ phase: "running", clusters: [cluster(2, 2)] })).toEqual({ health: "good", word: "running" });
  expect(appHealth({ phase: "degraded", clusters: [cluster(1, 2)] })).toEqual({ health: "wait", word: "degraded" });
  expect(appHealth({ phase: "degraded", clusters: [cluster(2, 2), cluster(0, 2)] })).toEqual({
    health: "bad",
    word: "degraded",
  });
  expect(
    appHealth({ phase: "starting", clusters: [cluster(0, 2, "app CrashLoopBackOff: exited with code 1")] }),
  ).toEqual({ health: "bad", word: "starting" });
  expect(appHealth({ phase: "starting", clusters: [cluster(0, 2, "starting")] })).toEqual({
    health: "wait",
    word: "starting",
  });
  expect(appHealth({ phase: "declared", clusters: [] })).toEqual({ health: "unknown", word: "not deployed" });
});

test("a cluster", () => {
  expect(clusterHealth({ conditions: [{ type: "Ready", status: "True" }] })).toMatchObject({ health: "good" });
  expect(clusterHealth({ conditions: [{ type: "Ready", status: "False" }], error: "x" })).toMatchObject({
    health: "bad",
  });
  expect(clusterHealth({ conditions: [{ type: "Ready", status: "Unknown" }] })).toMatchObject({ health: "unknown" });
});

test("pods and releases", () => {
  expect([
    podsHealth({ ready: 0, total: 0 }),
    podsHealth({ ready: 2, total: 2 }),
    podsHealth({ ready: 1, total: 2 }),
    podsHealth({ ready: 0, total: 2 }),
  ]).toEqual(["unknown", "good", "wait", "bad"]);
  expect(["finished", "failed", "progressing", "superseded"].map((phase) => releaseHealth({ phase }).health)).toEqual([
    "good",
    "bad",
    "wait",
    "unknown",
  ]);
});
