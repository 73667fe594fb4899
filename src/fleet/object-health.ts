/** What is wrong with an object by its own status, in words. Pods have more to tell: `pod-health.ts`. Pure. */
import type { KubeObject } from "../objects/meta.ts";

interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}

/** Longer messages of a controller are cut: this goes to every page that shows the object. */
const longest = 300;

/**
 * Undefined: nothing is wrong, or its kind has no status that could tell (ServiceAccount, ConfigMap, Service). Conditions
 * as the Kubernetes API reference gives them for each kind. Of Istio's kinds istiod tells what its analysis found, where
 * that is turned on (Istio, "Configuration Status Field").
 */
export function objectProblem(object: KubeObject): string | undefined {
  const text = beingDeleted(object) ?? byKind(object);
  return text !== undefined && text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

function byKind(object: KubeObject): string | undefined {
  const failing = failingOf(object);
  if (object.apiVersion.includes("istio.io/")) return analysis(object);
  switch (object.kind) {
    case "Deployment":
      return failing("ReplicaFailure", "True") ?? failing("Progressing", "False");
    case "HorizontalPodAutoscaler":
      // Without replicas there is nothing to scale: that is asked for.
      return failing("AbleToScale", "False") ?? failing("ScalingActive", "False", ["ScalingDisabled"]);
    case "PodDisruptionBudget":
      // Too few pods for a disruption is what a budget is for; that it can't be counted is not.
      return failing("DisruptionAllowed", "False", ["InsufficientPods"]);
    default:
      return undefined;
  }
}

/** What holds a deletion up: finalizers, and what a namespace's controller says. */
function beingDeleted(object: KubeObject): string | undefined {
  const { deletionTimestamp, finalizers = [] } = object.metadata;
  if (deletionTimestamp === undefined) return undefined;
  const why = object.kind === "Namespace" ? namespaceHeldUp(conditionsOf(object)) : [];
  const waits = finalizers.length > 0 ? [`it waits for the finalizer ${finalizers.join(", ")}`] : [];
  return ["is being deleted", ...(why.length > 0 ? why : waits)].join(": ");
}

/** What can't be found or deleted says more than what remains. */
function namespaceHeldUp(conditions: readonly Condition[]): string[] {
  const held = conditions.filter(({ status, type }) => status === "True" && type.startsWith("Namespace"));
  const failures = held.filter(({ type }) => type.endsWith("Failure"));
  return (failures.length > 0 ? failures : held).flatMap(({ message }) => message ?? []);
}

/** The condition in a state that is a failure, but for reasons that aren't. */
function failingOf(object: KubeObject) {
  const conditions = conditionsOf(object);
  return (type: string, when: "True" | "False", harmless: readonly string[] = []): string | undefined => {
    const found = conditions.find((each) => each.type === type && each.status === when);
    if (found === undefined || harmless.includes(found.reason ?? "")) return undefined;
    return [found.reason ?? type, found.message].filter((part) => part !== undefined && part !== "").join(": ");
  };
}

function conditionsOf({ status }: KubeObject): readonly Condition[] {
  const { conditions } = (status ?? {}) as { conditions?: unknown };
  return Array.isArray(conditions) ? conditions.filter((each) => typeof each?.type === "string") : [];
}

function analysis({ status }: KubeObject): string | undefined {
  const { validationMessages } = (status ?? {}) as { validationMessages?: unknown };
  if (!Array.isArray(validationMessages)) return undefined;
  const errors = (validationMessages as unknown[]).flatMap((each) => analysisError(each) ?? []);
  return errors.length === 0 ? undefined : `istiod: ${errors.join("; ")}`;
}

/** Warnings are about style, and about other people's objects. */
function analysisError(said: unknown): string | undefined {
  const { level, type, code, message, documentationUrl } = (said ?? {}) as {
    level?: string;
    type?: { code?: string; name?: string };
    code?: string;
    message?: string;
    documentationUrl?: string;
  };
  if (typeof level !== "string" || level.toUpperCase() !== "ERROR") return undefined;
  return [type?.code ?? code, type?.name, message ?? documentationUrl].filter((part) => part !== undefined).join(" ");
}
