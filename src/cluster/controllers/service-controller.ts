import { randomBytes } from "node:crypto";
import type { EndpointSlice, Pod, Service } from "../../objects/core.ts";
import { matchesLabels } from "../../objects/meta.ts";
import type { ClusterObjects } from "./cluster-objects.ts";
import { reconcileEndpoints, serviceNameLabel } from "./endpoints.ts";
import { keyOf, ObjectIndex, splitKey } from "./object-index.ts";
import { isTerminating } from "./pod-state.ts";
import { safeLetters } from "./template-hash.ts";
import { WorkQueue } from "./work-queue.ts";

export interface ServiceControllerOptions {
  objects: ClusterObjects;
  pods: ObjectIndex<Pod>;
  zone: string;
  failed: (key: string, error: unknown) => void;
}

/** Services with a selector → EndpointSlices. */
export class ServiceController {
  readonly #options: ServiceControllerOptions;
  readonly #queue: WorkQueue;
  readonly #services = new ObjectIndex<Service>();
  readonly #slices = new ObjectIndex<EndpointSlice>();
  readonly #ends: (() => void)[] = [];

  constructor(options: ServiceControllerOptions) {
    this.#options = options;
    this.#queue = new WorkQueue((key) => this.#reconcile(key), options.failed);
  }

  start(): void {
    const { objects } = this.#options;
    this.#ends.push(
      objects.watch<EndpointSlice>("EndpointSlice", ({ type, object }) => {
        this.#slices.apply(type, object);
        // Somebody deleted or changed one of ours.
        const owner = object.metadata.ownerReferences?.find(
          (reference) => reference.controller && reference.kind === "Service",
        );
        if (owner !== undefined) this.#queue.add(`${object.metadata.namespace ?? ""}/${owner.name}`);
      }),
      objects.watch<Service>("Service", ({ type, object }) => {
        this.#services.apply(type, object);
        this.#queue.add(keyOf(object));
      }),
    );
  }

  stop(): void {
    for (const end of this.#ends) end();
    this.#queue.stop();
  }

  /** A pod has changed from `before`; the shared index holds it already. */
  podChanged(pod: Pod, before: Pod | undefined): void {
    for (const service of this.#services.inNamespace(pod.metadata.namespace ?? "")) {
      const { selector } = service.spec ?? {};
      if (
        selector !== undefined &&
        (matchesLabels(selector, pod.metadata.labels) ||
          (before !== undefined && matchesLabels(selector, before.metadata.labels)))
      )
        this.#queue.add(keyOf(service));
    }
  }

  #reconcile(key: string): void {
    const { objects, pods, zone } = this.#options;
    const [namespace, name] = splitKey(key);
    const service = objects.get<Service>("Service", namespace, name);
    const selector = service?.spec?.selector;
    if (
      service === undefined ||
      isTerminating(service) ||
      selector === undefined ||
      Object.keys(selector).length === 0 ||
      service.spec?.type === "ExternalName"
    )
      return;
    const own = this.#slices
      .candidates(namespace, { [serviceNameLabel]: name })
      .filter((slice) => slice.metadata.ownerReferences?.some((reference) => reference.uid === service.metadata.uid));
    const plan = reconcileEndpoints(service, pods.candidates(namespace, selector), own, zone, () =>
      safeLetters(randomBytes(5), 5),
    );
    for (const slice of plan.create) objects.create(slice);
    for (const slice of plan.update) objects.update(slice);
    for (const sliceName of plan.remove) objects.remove("EndpointSlice", namespace, sliceName);
  }
}
