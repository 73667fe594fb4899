import type { Deployment, HorizontalPodAutoscaler, Pod } from "../../objects/core.ts";
import { matchesSelector } from "../../objects/meta.ts";
import type { ClusterObjects } from "./cluster-objects.ts";
import type { RecordEvent } from "./event-recorder.ts";
import { emptyHpaMemory, hpaDecision, type HpaMemory, type PodSample } from "./hpa.ts";
import { keyOf, type ObjectIndex, splitKey } from "./object-index.ts";
import { isFinished, isReady, isTerminating, withCondition } from "./pod-state.ts";
import { parseQuantity } from "./quantity.ts";
import { canonicalJson } from "./template-hash.ts";
import { WorkQueue } from "./work-queue.ts";

export interface HpaControllerOptions {
  objects: ClusterObjects;
  pods: ObjectIndex<Pod>;
  now: () => number;
  event: RecordEvent;
  failed: (key: string, error: unknown) => void;
  /** CPU used so far by pod uid, in ms. */
  cpu: () => Map<string, number>;
}

interface CpuUsage {
  at: number;
  ms: number;
  cores: number | undefined;
}

export const hpaSyncMs = 15_000;

/** Scales Deployments by their HorizontalPodAutoscaler. */
export class HpaController {
  readonly #options: HpaControllerOptions;
  readonly #queue: WorkQueue;
  readonly #memory = new Map<string, HpaMemory>();
  #usage = new Map<string, CpuUsage>();
  readonly #ends: (() => void)[] = [];

  constructor(options: HpaControllerOptions) {
    this.#options = options;
    this.#queue = new WorkQueue((key) => this.#reconcile(key), options.failed);
  }

  start(): void {
    const { objects } = this.#options;
    const timer = setInterval(() => this.sync(), hpaSyncMs);
    timer.unref();
    this.#ends.push(
      () => clearInterval(timer),
      objects.watch<HorizontalPodAutoscaler>("HorizontalPodAutoscaler", ({ type, object }) => {
        if (type === "DELETED") this.#memory.delete(keyOf(object));
        else if (type === "ADDED" || object.status?.observedGeneration !== object.metadata.generation)
          this.#queue.add(keyOf(object));
      }),
      // A Deployment created after its autoscaler doesn't wait for the next sync to reach its minimum.
      objects.watch<Deployment>("Deployment", ({ type, object }) => {
        if (type !== "ADDED") return;
        for (const hpa of objects.list<HorizontalPodAutoscaler>("HorizontalPodAutoscaler", object.metadata.namespace))
          if (hpa.spec?.scaleTargetRef.name === object.metadata.name) this.#queue.add(keyOf(hpa));
      }),
    );
  }

  stop(): void {
    for (const end of this.#ends) end();
    this.#queue.stop();
  }

  /** Takes a sample of all pods' CPU and looks at every autoscaler. */
  sync(): void {
    const now = this.#options.now();
    const next = new Map<string, CpuUsage>();
    for (const [uid, ms] of this.#options.cpu()) {
      const before = this.#usage.get(uid);
      const cores =
        before !== undefined && ms >= before.ms && now > before.at ? (ms - before.ms) / (now - before.at) : undefined;
      next.set(uid, { at: now, ms, cores });
    }
    this.#usage = next;
    for (const hpa of this.#options.objects.list<HorizontalPodAutoscaler>("HorizontalPodAutoscaler"))
      this.#queue.add(keyOf(hpa));
  }

  #reconcile(key: string): void {
    const { objects, pods, now, event } = this.#options;
    const [namespace, name] = splitKey(key);
    const hpa = objects.get<HorizontalPodAutoscaler>("HorizontalPodAutoscaler", namespace, name);
    if (hpa?.spec === undefined || isTerminating(hpa)) return;
    const time = new Date(now()).toISOString().replace(/\.\d+Z$/, "Z");
    const { kind, name: targetName } = hpa.spec.scaleTargetRef;
    const target = kind === "Deployment" ? objects.get<Deployment>("Deployment", namespace, targetName) : undefined;
    const observed = { ...hpa.status, observedGeneration: hpa.metadata.generation ?? 0 };
    if (target?.spec === undefined) {
      this.#write(hpa, {
        ...observed,
        conditions: withCondition(
          hpa.status?.conditions,
          {
            type: "AbleToScale",
            status: "False",
            reason: "FailedGetScale",
            message: `${kind} "${targetName}" not found`,
          },
          time,
        ),
      });
      return;
    }
    const current = target.spec.replicas ?? 1;
    const selector = target.spec.selector;
    const own = pods
      .candidates(namespace, selector.matchLabels)
      .filter((pod) => matchesSelector(selector, pod.metadata.labels) && !isFinished(pod) && !isTerminating(pod));
    // Scaled to 0 by hand: the autoscaler is off.
    const decision =
      current === 0
        ? undefined
        : hpaDecision(
            hpa,
            current,
            own.map((pod) => this.#sample(pod)),
            this.#memory.get(key) ?? emptyHpaMemory,
            now(),
          );
    const desired = decision?.desired ?? 0;
    if (decision !== undefined) this.#memory.set(key, decision.memory);
    if (desired !== current) {
      objects.update<Deployment>({ ...target, spec: { ...target.spec, replicas: desired } });
      event(
        hpa,
        "Normal",
        "SuccessfulRescale",
        `New size: ${desired}; reason: ${decision?.limited === "TooFewReplicas" ? "Current number of replicas below Spec.MinReplicas" : decision?.limited === "TooManyReplicas" ? "Current number of replicas above Spec.MaxReplicas" : "cpu resource utilization (percentage of request) differs from target"}`,
      );
    }
    let conditions = withCondition(
      hpa.status?.conditions,
      {
        type: "AbleToScale",
        status: "True",
        reason: "ReadyForNewScale",
        message: "recommended size matches current size",
      },
      time,
    );
    conditions = withCondition(
      conditions,
      decision === undefined
        ? {
            type: "ScalingActive",
            status: "False",
            reason: "ScalingDisabled",
            message: "scaling is disabled since the replica count of the target is zero",
          }
        : decision.utilization === undefined
          ? {
              type: "ScalingActive",
              status: "False",
              reason: "FailedGetResourceMetric",
              message: `the HPA was unable to compute the replica count: ${missingRequest(own) ?? "no pod has a CPU sample yet"}`,
            }
          : {
              type: "ScalingActive",
              status: "True",
              reason: "ValidMetricFound",
              message:
                "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)",
            },
      time,
    );
    conditions = withCondition(
      conditions,
      {
        type: "ScalingLimited",
        status: decision?.limited ? "True" : "False",
        reason: decision?.limited ?? "DesiredWithinRange",
        message: decision?.limited
          ? "the desired replica count is limited by minReplicas or maxReplicas"
          : "the desired count is within the acceptable range",
      },
      time,
    );
    this.#write(hpa, {
      ...observed,
      currentReplicas: target.status?.replicas ?? 0,
      desiredReplicas: desired,
      conditions,
      ...(decision?.utilization !== undefined && {
        currentMetrics: [
          {
            type: "Resource",
            resource: {
              name: "cpu",
              current: {
                averageUtilization: decision.utilization,
                averageValue: `${Math.round(this.#meanCores(own) * 1000)}m`,
              },
            },
          },
        ],
      }),
      ...(desired !== current && { lastScaleTime: time }),
    });
  }

  #write(hpa: HorizontalPodAutoscaler, status: NonNullable<HorizontalPodAutoscaler["status"]>): void {
    if (canonicalJson(hpa.status) !== canonicalJson(status))
      this.#options.objects.updateStatus<HorizontalPodAutoscaler>({ ...hpa, status });
  }

  #sample(pod: Pod): PodSample {
    const requests =
      pod.spec?.containers
        .map((container) => parseQuantity(container.resources?.requests?.["cpu"]))
        .filter((value) => value !== undefined) ?? [];
    return {
      ready: isReady(pod),
      usage: this.#usage.get(pod.metadata.uid ?? "")?.cores,
      request: requests.length === 0 ? undefined : requests.reduce((sum, value) => sum + value, 0),
    };
  }

  #meanCores(pods: readonly Pod[]): number {
    const cores = pods
      .map((pod) => this.#usage.get(pod.metadata.uid ?? "")?.cores)
      .filter((value) => value !== undefined);
    return cores.length === 0 ? 0 : cores.reduce((sum, value) => sum + value, 0) / cores.length;
  }
}

/** Utilization is a share of what is requested; a pod that requests no CPU has none, and kubectl shows `<unknown>`. */
export function missingRequest(pods: readonly Pod[]): string | undefined {
  for (const { spec, metadata } of pods) {
    const containers = spec?.containers ?? [];
    if (containers.length > 0 && containers.every(({ resources }) => resources?.requests?.["cpu"] === undefined))
      return `failed to get cpu utilization: missing request for cpu in container ${containers[0]!.name} of Pod ${metadata.name}`;
  }
  return undefined;
}
