import type { Pod } from "../../objects/core.ts";
import type { ClusterObjects } from "../controllers/cluster-objects.ts";
import { keyOf, splitKey } from "../controllers/object-index.ts";
import { isReady } from "../controllers/pod-state.ts";
import { WorkQueue } from "../controllers/work-queue.ts";
import { controlAddress } from "./addresses.ts";
import { podStatus } from "./pod-status.ts";
import { isoTime } from "./runner.ts";
import { nodeName, type RuntimeSettings } from "./settings.ts";

/** Address number `n` (from 0) of hollow pods: 10.0.0.1 and up, for there is nothing behind them and 127.x is too small for 20,000. */
export function hollowAddress(n: number): string {
  const value = n + 1;
  return `10.${(value >> 16) & 255}.${(value >> 8) & 255}.${value & 255}`;
}

/** Pods that become ready without a process, and go as soon as they are asked to: for tests of scale. */
export class HollowRuntime {
  readonly #objects: ClusterObjects;
  readonly #settings: RuntimeSettings;
  readonly #now: () => number;
  readonly #queue: WorkQueue;
  #next = 0;
  #end: (() => void) | undefined;

  constructor(
    objects: ClusterObjects,
    settings: RuntimeSettings,
    now: () => number,
    failed: (key: string, error: unknown) => void,
  ) {
    this.#objects = objects;
    this.#settings = settings;
    this.#now = now;
    this.#queue = new WorkQueue((key) => this.#reconcile(key), failed);
  }

  start(): void {
    for (const pod of this.#objects.list<Pod>("Pod")) this.#next = Math.max(this.#next, numberOf(pod.status?.podIP));
    this.#end = this.#objects.watch<Pod>("Pod", ({ type, object }) => {
      if (type !== "DELETED" && (object.metadata.deletionTimestamp !== undefined || !isReady(object)))
        this.#queue.add(keyOf(object));
    });
  }

  stop(): void {
    this.#end?.();
    this.#queue.stop();
  }

  #reconcile(key: string): void {
    const [namespace, name] = splitKey(key);
    let pod = this.#objects.get<Pod>("Pod", namespace, name);
    if (pod?.spec === undefined) return;
    if (pod.metadata.deletionTimestamp !== undefined) {
      this.#objects.remove("Pod", namespace, name, {
        graceSeconds: 0,
        ...(pod.metadata.uid !== undefined && { uid: pod.metadata.uid }),
      });
      return;
    }
    if (pod.spec.nodeName === undefined)
      pod = this.#objects.update<Pod>({ ...pod, spec: { ...pod.spec, nodeName: nodeName(this.#settings) } });
    const now = this.#now();
    const containers = (pod.spec?.containers ?? []).map(({ name: container, image }) => ({
      name: container,
      image,
      imageID: image,
      state: { running: { startedAt: isoTime(now) } },
      lastState: undefined,
      restartCount: 0,
      started: true,
      ready: true,
    }));
    const ip = pod.status?.podIP ?? hollowAddress(this.#next++);
    this.#objects.updateStatus<Pod>({
      ...pod,
      status: podStatus(pod, { ip, hostIP: controlAddress(this.#settings.network) }, containers, now),
    });
  }
}

function numberOf(ip: string | undefined): number {
  const [first, a, b, c] = (ip ?? "").split(".").map(Number);
  return first === 10 ? (a ?? 0) * 65536 + (b ?? 0) * 256 + (c ?? 0) : 0;
}
