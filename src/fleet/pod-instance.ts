/** One replica of an app, as people look at it. */
import type { Pod } from "../objects/core.ts";
import { revisionLabel } from "../render/names.ts";
import { isReady, podProblem } from "./pod-health.ts";

export interface Instance {
  cluster: string;
  pod: string;
  revision: string;
  state: "ready" | "not ready" | "starting" | "stopping" | "ended";
  /** Why it isn't ready. */
  reason?: string;
  /** Of all its containers. */
  restarts: number;
  /** ISO 8601. */
  startedAt?: string;
  ip?: string;
}

export function instanceOf(cluster: string, pod: Pod): Instance {
  const { metadata, status } = pod;
  const containers = status?.containerStatuses ?? [];
  const ended = status?.phase === "Succeeded" || status?.phase === "Failed";
  const ready = isReady(pod);
  const problem = ready || metadata.deletionTimestamp !== undefined ? undefined : podProblem(pod);
  return {
    cluster,
    pod: metadata.name,
    revision: metadata.labels?.[revisionLabel] ?? "",
    state:
      metadata.deletionTimestamp !== undefined
        ? "stopping"
        : ended
          ? "ended"
          : ready
            ? "ready"
            : problem?.reason === "starting"
              ? "starting"
              : "not ready",
    ...(problem !== undefined && { reason: problem.reason }),
    restarts: containers.reduce((sum, { restartCount }) => sum + restartCount, 0),
    ...((status?.startTime ?? metadata.creationTimestamp) !== undefined && {
      startedAt: (status?.startTime ?? metadata.creationTimestamp)!,
    }),
    ...(status?.podIP !== undefined && { ip: status.podIP }),
  };
}
