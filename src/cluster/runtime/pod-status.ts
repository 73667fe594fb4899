import type { ContainerState, Pod, PodStatus } from "../../objects/core.ts";
import { withCondition } from "../controllers/pod-state.ts";
import { isoTime } from "./runner.ts";

/** What the runtime knows of one container. */
export interface ContainerView {
  name: string;
  image: string;
  imageID: string;
  state: ContainerState;
  lastState: ContainerState | undefined;
  restartCount: number;
  /** Running, and its startup probe, if any, has succeeded. */
  started: boolean;
  /** Running and its probe passes. */
  ready: boolean;
  /** Why it isn't. */
  message?: string;
}

/** The status of a pod on this node, as a kubelet reports it. `now` is Unix ms. */
export function podStatus(
  pod: Pod,
  place: { ip: string | undefined; hostIP: string },
  containers: readonly ContainerView[],
  now: number,
): PodStatus {
  const time = isoTime(now);
  const unready = containers.filter((container) => !container.ready);
  const phase = podPhase(pod, containers);
  const finished = phase === "Succeeded" || phase === "Failed";
  const detail = unready
    .map((container) => container.message ?? container.state.waiting?.message)
    .find((message) => message !== undefined && message !== "");
  const readiness =
    unready.length === 0 && containers.length > 0 && !finished
      ? { status: "True" as const }
      : {
          status: "False" as const,
          reason: phase === "Succeeded" ? "PodCompleted" : "ContainersNotReady",
          message: `containers with unready status: [${unready.map((container) => container.name).join(" ")}]${detail === undefined ? "" : `: ${detail}`}`,
        };
  let conditions = withCondition(pod.status?.conditions, { type: "PodScheduled", status: "True" }, time);
  conditions = withCondition(conditions, { type: "Initialized", status: "True" }, time);
  conditions = withCondition(conditions, { type: "ContainersReady", ...readiness }, time);
  conditions = withCondition(conditions, { type: "Ready", ...readiness }, time);
  return {
    phase,
    conditions,
    hostIP: place.hostIP,
    ...(place.ip !== undefined && { podIP: place.ip, podIPs: [{ ip: place.ip }] }),
    startTime: pod.status?.startTime ?? time,
    containerStatuses: containers.map(({ name, image, imageID, state, lastState, restartCount, started, ready }) => ({
      name,
      image,
      imageID,
      restartCount,
      ready,
      started,
      state,
      ...(lastState !== undefined && { lastState }),
    })),
  };
}

/** Pending until every container has been started once; with a restart policy other than Always, finished when all have ended (Kubernetes documentation, "Pod Lifecycle"). */
function podPhase(pod: Pod, containers: readonly ContainerView[]): NonNullable<PodStatus["phase"]> {
  const policy = pod.spec?.restartPolicy ?? "Always";
  const apps = containers.filter((container) => container.name !== "istio-proxy");
  if (policy !== "Always" && apps.length > 0 && apps.every((container) => container.state.terminated !== undefined)) {
    return apps.every((container) => container.state.terminated?.exitCode === 0) ? "Succeeded" : "Failed";
  }
  const begun = (container: ContainerView): boolean =>
    container.state.waiting === undefined || container.lastState !== undefined;
  return containers.length > 0 && containers.every(begun) ? "Running" : "Pending";
}
