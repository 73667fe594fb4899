import type { AppState, ClusterState, Count, ReleaseState } from "../api/views.ts";

/** Colour means this and nothing else; a shape and a word always go with it. */
export type Health = "good" | "wait" | "bad" | "unknown";
export interface Told {
  health: Health;
  word: string;
}

export function appHealth({ phase, clusters }: Pick<AppState, "phase" | "clusters">): Told {
  if (phase === "declared") return { health: "unknown", word: "not deployed" };
  if (phase === "starting")
    return {
      health: clusters.some(({ revisions }) => Object.values(revisions).some(({ reason }) => isTrouble(reason)))
        ? "bad"
        : "wait",
      word: "starting",
    };
  if (phase === "running") return { health: "good", word: "running" };
  const serving = clusters.every(
    ({ revision, revisions }) => revision === null || (revisions[revision]?.ready ?? 0) > 0,
  );
  return { health: serving ? "wait" : "bad", word: "degraded" };
}

export function clusterHealth({ conditions, error }: Pick<ClusterState, "conditions" | "error">): Told {
  const ready = conditions.find(({ type }) => type === "Ready")?.status;
  if (ready === "True") return { health: "good", word: "healthy" };
  return ready === "False" || error !== undefined
    ? { health: "bad", word: "in trouble" }
    : { health: "unknown", word: "not seen" };
}

export function podsHealth({ ready, total }: Count): Health {
  if (total === 0) return "unknown";
  return ready === total ? "good" : ready === 0 ? "bad" : "wait";
}

export function releaseHealth({ phase }: Pick<ReleaseState, "phase">): Told {
  if (phase === "finished") return { health: "good", word: phase };
  if (phase === "failed" || phase === "going back") return { health: "bad", word: phase };
  return { health: phase === "superseded" ? "unknown" : "wait", word: phase };
}

/** Reasons that don't pass by themselves. */
export function isTrouble(reason: string | undefined): boolean {
  return reason !== undefined && /CrashLoopBackOff|exited|killed|StartError|refused|Err|Failed/i.test(reason);
}
