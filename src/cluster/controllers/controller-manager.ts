import type { Namespace, Pod } from "../../objects/core.ts";
import type { ClusterObjects } from "./cluster-objects.ts";
import { NamespaceController } from "./cluster-basics.ts";
import { DisruptionController } from "./disruption-controller.ts";
import type { RecordEvent } from "./event-recorder.ts";
import { HpaController } from "./hpa-controller.ts";
import { ObjectIndex } from "./object-index.ts";
import { ServiceController } from "./service-controller.ts";
import { WorkloadController } from "./workload-controller.ts";

export interface ControllerManagerOptions {
  objects: ClusterObjects;
  now: () => number;
  event: RecordEvent;
  failed: (key: string, error: unknown) => void;
  inject: (pod: Pod, namespace: Namespace | undefined) => Pod;
  zone: string;
  rateLimitAddress: string;
  cpu: () => Map<string, number>;
}

/** All controllers of an embedded cluster over one index of its pods. */
export class ControllerManager {
  readonly #objects: ClusterObjects;
  readonly #pods = new ObjectIndex<Pod>();
  readonly #workloads: WorkloadController;
  readonly #services: ServiceController;
  readonly #autoscalers: HpaController;
  readonly #budgets: DisruptionController;
  readonly #namespaces: NamespaceController;
  #end: (() => void) | undefined;

  constructor(options: ControllerManagerOptions) {
    const { objects, failed } = options;
    const shared = { ...options, pods: this.#pods };
    this.#objects = objects;
    this.#namespaces = new NamespaceController(objects, options.rateLimitAddress, failed);
    this.#workloads = new WorkloadController(shared);
    this.#services = new ServiceController(shared);
    this.#autoscalers = new HpaController(shared);
    this.#budgets = new DisruptionController(objects, this.#pods, failed);
  }

  start(): void {
    this.#end = this.#objects.watch<Pod>("Pod", ({ type, object }) => {
      const before = this.#pods.apply(type, object);
      this.#workloads.podChanged(object);
      this.#services.podChanged(object, before);
      this.#budgets.podChanged(object);
    });
    for (const controller of this.#all()) controller.start();
  }

  stop(): void {
    this.#end?.();
    for (const controller of this.#all()) controller.stop();
  }

  #all(): { start(): void; stop(): void }[] {
    return [this.#namespaces, this.#workloads, this.#services, this.#autoscalers, this.#budgets];
  }
}
