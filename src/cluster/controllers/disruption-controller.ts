import type { Pod, PodDisruptionBudget, ReplicaSet } from "../../objects/core.ts";
import { matchesSelector } from "../../objects/meta.ts";
import type { ClusterObjects } from "./cluster-objects.ts";
import { disruptionStatus } from "./disruption.ts";
import { keyOf, ObjectIndex, splitKey } from "./object-index.ts";
import { canonicalJson } from "./template-hash.ts";
import { WorkQueue } from "./work-queue.ts";

/** Keeps the status of PodDisruptionBudgets. */
export class DisruptionController {
  readonly #objects: ClusterObjects;
  readonly #pods: ObjectIndex<Pod>;
  readonly #queue: WorkQueue;
  readonly #budgets = new ObjectIndex<PodDisruptionBudget>();
  #end: (() => void) | undefined;

  constructor(objects: ClusterObjects, pods: ObjectIndex<Pod>, failed: (key: string, error: unknown) => void) {
    this.#objects = objects;
    this.#pods = pods;
    this.#queue = new WorkQueue((key) => this.#reconcile(key), failed);
  }

  start(): void {
    this.#end = this.#objects.watch<PodDisruptionBudget>("PodDisruptionBudget", ({ type, object }) => {
      this.#budgets.apply(type, object);
      this.#queue.add(keyOf(object));
    });
  }

  stop(): void {
    this.#end?.();
    this.#queue.stop();
  }

  podChanged(pod: Pod): void {
    for (const budget of this.#budgets.inNamespace(pod.metadata.namespace ?? ""))
      if (matchesSelector(budget.spec?.selector, pod.metadata.labels)) this.#queue.add(keyOf(budget));
  }

  #reconcile(key: string): void {
    const [namespace, name] = splitKey(key);
    const budget = this.#objects.get<PodDisruptionBudget>("PodDisruptionBudget", namespace, name);
    if (budget === undefined || budget.spec?.selector === undefined) return;
    const { selector } = budget.spec;
    const pods = this.#pods
      .candidates(namespace, selector.matchLabels)
      .filter((pod) => matchesSelector(selector, pod.metadata.labels));
    const owners = new Set(
      pods.flatMap(
        (pod) =>
          pod.metadata.ownerReferences
            ?.filter((reference) => reference.controller && reference.kind === "ReplicaSet")
            .map((reference) => reference.name) ?? [],
      ),
    );
    let expected = 0;
    for (const owner of owners)
      expected += this.#objects.get<ReplicaSet>("ReplicaSet", namespace, owner)?.spec?.replicas ?? 0;
    const status = disruptionStatus(budget, pods, expected);
    if (canonicalJson(budget.status) !== canonicalJson(status))
      this.#objects.updateStatus<PodDisruptionBudget>({ ...budget, status });
  }
}
