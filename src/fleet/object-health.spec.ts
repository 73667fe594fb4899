import { expect, test } from "vitest";
import type { KubeObject } from "../objects/meta.ts";
import { objectProblem } from "./object-health.ts";

const of = (kind: string, status?: unknown, metadata: Partial<KubeObject["metadata"]> = {}): string | undefined =>
  objectProblem({
    apiVersion: { Deployment: "apps/v1", HorizontalPodAutoscaler: "autoscaling/v2" }[kind] ?? "v1",
    kind,
    metadata: { name: "checkout", namespace: "money", ...metadata },
    status,
  });
const condition = (type: string, status: string, reason?: string, message?: string) => ({
  conditions: [
    { type: "Other", status: "False", message: "of no account" },
    { type, status, reason, message },
  ],
});

test.each([
  ["Deployment", condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota: pods=0")],
  ["Deployment", condition("Progressing", "False", "ProgressDeadlineExceeded", "ReplicaSet has timed out")],
  ["HorizontalPodAutoscaler", condition("AbleToScale", "False", "FailedGetScale", "deployments not found")],
  ["HorizontalPodAutoscaler", condition("ScalingActive", "False", "FailedGetResourceMetric", "no metrics known")],
  ["PodDisruptionBudget", condition("DisruptionAllowed", "False", "SyncFailed", "found no controllers for pod")],
])("%s: what a condition says", (kind, status) => {
  const { reason, message } = status.conditions[1]!;
  expect(of(kind, status)).toBe(`${reason}: ${message}`);
});

test.each([
  ["Deployment", condition("Progressing", "True", "ReplicaSetUpdated")],
  ["Deployment", condition("Available", "False", "MinimumReplicasUnavailable", "its pods tell why")],
  ["HorizontalPodAutoscaler", condition("ScalingActive", "False", "ScalingDisabled", "replica count is zero")],
  ["HorizontalPodAutoscaler", condition("ScalingLimited", "True", "TooManyReplicas", "as was asked for")],
  ["PodDisruptionBudget", condition("DisruptionAllowed", "False", "InsufficientPods", "that is what it is for")],
  ["Service", condition("ReplicaFailure", "True", "", "of another kind")],
])("%s: what is no illness", (kind, status) => {
  expect(of(kind, status)).toBeUndefined();
});

test("what is being deleted, and by what it is held up", () => {
  const deletionTimestamp = "2026-11-23T10:00:00Z";
  expect(of("ConfigMap", undefined, { deletionTimestamp })).toBe("is being deleted");
  expect(of("ConfigMap", undefined, { deletionTimestamp, finalizers: ["a.example/b", "foregroundDeletion"] })).toBe(
    "is being deleted: it waits for the finalizer a.example/b, foregroundDeletion",
  );
  const remaining = {
    type: "NamespaceContentRemaining",
    status: "True",
    message: "Some resources are remaining: pods. has 1",
  };
  expect(of("Namespace", { conditions: [remaining] }, { deletionTimestamp })).toBe(
    "is being deleted: Some resources are remaining: pods. has 1",
  );
  const failure = { type: "NamespaceDeletionDiscoveryFailure", status: "True", message: "unable to list metrics" };
  expect(of("Namespace", { conditions: [remaining, failure] }, { deletionTimestamp })).toBe(
    "is being deleted: unable to list metrics",
  );
});

test("errors of istiod's analysis, and no warnings; in the shape that is documented and in the one that is sent", () => {
  const route = (validationMessages: unknown) =>
    objectProblem({
      apiVersion: "networking.istio.io/v1",
      kind: "VirtualService",
      metadata: { name: "checkout", namespace: "money" },
      status: { validationMessages },
    });
  const url = "https://istio.io/latest/docs/reference/config/analysis/ist0101/";
  expect(
    route([
      { type: { code: "IST0101", name: "ReferencedResourceNotFound" }, level: "ERROR", documentationUrl: url },
      { type: { code: "IST0102", name: "NamespaceNotInjected" }, level: "WARNING", documentationUrl: url },
      { code: "IST0109", level: "Error", message: "two VirtualServices for one host" },
    ]),
  ).toBe(`istiod: IST0101 ReferencedResourceNotFound ${url}; IST0109 two VirtualServices for one host`);
  for (const nonsense of [undefined, null, {}, "no", [], [null], [3], [{ level: 4 }]])
    expect(route(nonsense)).toBeUndefined();
});

test("a status that makes no sense says nothing, and a long word is cut", () => {
  for (const status of [null, 3, "ill", { conditions: "none" }, { conditions: [null, 4, {}] }])
    expect(of("Deployment", status)).toBeUndefined();
  expect(of("Deployment", condition("ReplicaFailure", "True"))).toBe("ReplicaFailure");
  expect(of("Deployment", condition("ReplicaFailure", "True", "Long", "x".repeat(1000)))).toHaveLength(300);
});
