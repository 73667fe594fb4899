import type { Pod } from "../../objects/core.ts";
import type { Condition } from "../../objects/meta.ts";
import type { ClusterObjects } from "../controllers/cluster-objects.ts";
import { withCondition } from "../controllers/pod-state.ts";
import { controlAddress } from "./addresses.ts";
import type { PodProblem } from "./pod-problem.ts";
import { podStatus } from "./pod-status.ts";
import type { PodWorker } from "./pod-worker.ts";
import { isoTime } from "./runner.ts";
import type { RuntimeSettings } from "./settings.ts";

/** Changes that come close together are written once. */
const delayMs = 15;

/** Writes what the runtime knows of its pods into their status. */
export class PodStatuses {
  readonly #objects: ClusterObjects;
  readonly #settings: RuntimeSettings;
  readonly #failed: (about: string, error: unknown) => void;
  readonly #pending = new Map<string, NodeJS.Timeout>();
  #stopped = false;

  constructor(objects: ClusterObjects, settings: RuntimeSettings, failed: (about: string, error: unknown) => void) {
    this.#objects = objects;
    this.#settings = settings;
    this.#failed = failed;
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#pending.values()) clearTimeout(timer);
  }

  /** The very pod as it is now; undefined when it is gone, though another may have its name. */
  latest(pod: Pod): Pod | undefined {
    const latest = this.#objects.get<Pod>("Pod", pod.metadata.namespace, pod.metadata.name);
    return latest?.metadata.uid === pod.metadata.uid ? latest : undefined;
  }

  changed(worker: PodWorker): void {
    const { uid } = worker.allocation;
    if (this.#stopped || this.#pending.has(uid)) return;
    this.#pending.set(
      uid,
      setTimeout(() => {
        this.#pending.delete(uid);
        this.write(worker);
      }, delayMs),
    );
  }

  write(worker: PodWorker): void {
    const latest = this.latest(worker.pod);
    if (latest === undefined) return;
    const place = { ip: worker.allocation.ip, hostIP: controlAddress(this.#settings.network) };
    this.#put(latest, podStatus(latest, place, worker.views(), Date.now()));
  }

  /** What was ready before a reboot or a stop isn't now, and may have to wait for its turn. */
  markDown(pod: Pod): void {
    const latest = this.latest(pod);
    if (latest === undefined) return;
    const unready = (type: string): Condition => ({
      type,
      status: "False",
      reason: "ContainersNotReady",
      message: "the pod is started again",
    });
    const conditions = ["ContainersReady", "Ready"].reduce(
      (all, type) => withCondition(all, unready(type), isoTime(Date.now())),
      latest.status?.conditions ?? [],
    );
    this.#put(latest, { ...latest.status, conditions });
  }

  /** Says why a pod can't start; false when it is gone. */
  refuse(pod: Pod, problem: PodProblem): boolean {
    const latest = this.latest(pod);
    if (latest === undefined) return false;
    const scheduled: Condition = {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message: problem.message,
    };
    this.#put(
      latest,
      problem.retry
        ? {
            ...latest.status,
            phase: "Pending",
            conditions: withCondition(latest.status?.conditions, scheduled, isoTime(Date.now())),
          }
        : { ...latest.status, phase: "Failed", reason: problem.reason, message: problem.message },
    );
    return true;
  }

  #put(latest: Pod, status: NonNullable<Pod["status"]>): void {
    try {
      this.#objects.updateStatus<Pod>({ ...latest, status });
    } catch (error) {
      this.#failed(`status of pod ${latest.metadata.name}`, error);
    }
  }
}
