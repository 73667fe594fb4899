import { randomBytes } from "node:crypto";
import type { Deployment, Namespace, Pod, ReplicaSet } from "../../objects/core.ts";
import type { ClusterObjects } from "./cluster-objects.ts";
import { reconcileDeployment, revisionAnnotation } from "./deployment.ts";
import type { RecordEvent } from "./event-recorder.ts";
import { keyOf, ObjectIndex, splitKey } from "./object-index.ts";
import { isTerminating } from "./pod-state.ts";
import { podFromTemplate, reconcileReplicaSet } from "./replicaset.ts";
import { canonicalJson, safeLetters } from "./template-hash.ts";
import { WorkQueue } from "./work-queue.ts";

export interface WorkloadControllerOptions {
  objects: ClusterObjects;
  pods: ObjectIndex<Pod>;
  now: () => number;
  event: RecordEvent;
  failed: (key: string, error: unknown) => void;
  /** What injection makes of a new pod. */
  inject: (pod: Pod, namespace: Namespace | undefined) => Pod;
}

/** Deployments → ReplicaSets → Pods, by the pure rules beside this file. */
export class WorkloadController {
  readonly #options: WorkloadControllerOptions;
  readonly #deployments: WorkQueue;
  readonly #sets: WorkQueue;
  readonly #setIndex = new ObjectIndex<ReplicaSet>();
  readonly #ends: (() => void)[] = [];

  constructor(options: WorkloadControllerOptions) {
    this.#options = options;
    this.#deployments = new WorkQueue((key) => this.#deployment(key), options.failed);
    this.#sets = new WorkQueue((key) => this.#replicaSet(key), options.failed);
  }

  start(): void {
    const { objects } = this.#options;
    this.#ends.push(
      objects.watch<ReplicaSet>("ReplicaSet", ({ type, object }) => {
        this.#setIndex.apply(type, object);
        this.#sets.add(keyOf(object));
        const owner = object.metadata.ownerReferences?.find(
          (reference) => reference.controller && reference.kind === "Deployment",
        );
        if (owner !== undefined) this.#deployments.add(`${object.metadata.namespace ?? ""}/${owner.name}`);
      }),
      objects.watch<Deployment>("Deployment", ({ object }) => this.#deployments.add(keyOf(object))),
    );
  }

  stop(): void {
    for (const end of this.#ends) end();
    this.#deployments.stop();
    this.#sets.stop();
  }

  /** A pod has changed; the shared index holds it already. */
  podChanged(pod: Pod): void {
    const owner = pod.metadata.ownerReferences?.find(
      (reference) => reference.controller && reference.kind === "ReplicaSet",
    );
    if (owner !== undefined) this.#sets.add(`${pod.metadata.namespace ?? ""}/${owner.name}`);
  }

  #deployment(key: string): number | void {
    const { objects, now, event } = this.#options;
    const [namespace, name] = splitKey(key);
    const deployment = objects.get<Deployment>("Deployment", namespace, name);
    if (deployment === undefined || isTerminating(deployment)) return;
    const sets = this.#setIndex.controlledBy(deployment.metadata.uid ?? "").filter((set) => !isTerminating(set));
    const plan = reconcileDeployment(deployment, sets, now());
    for (const [setName, revision] of plan.revision)
      this.#changeSet(namespace, setName, (set) => ({
        ...set,
        metadata: { ...set.metadata, annotations: { ...set.metadata.annotations, [revisionAnnotation]: revision } },
      }));
    if (plan.create !== undefined) {
      objects.create(plan.create);
      event(
        deployment,
        "Normal",
        "ScalingReplicaSet",
        `Scaled up replica set ${plan.create.metadata.name} from 0 to ${plan.create.spec?.replicas ?? 0}`,
      );
    }
    for (const [setName, replicas] of plan.scale) {
      const before =
        this.#changeSet(namespace, setName, (set) =>
          set.spec === undefined ? set : { ...set, spec: { ...set.spec, replicas } },
        )?.spec?.replicas ?? 0;
      event(
        deployment,
        "Normal",
        "ScalingReplicaSet",
        `Scaled ${replicas > before ? "up" : "down"} replica set ${setName} from ${before} to ${replicas}`,
      );
    }
    for (const setName of plan.remove) objects.remove("ReplicaSet", namespace, setName);
    if (deployment.metadata.annotations?.[revisionAnnotation] !== plan.revisionNumber) {
      objects.update<Deployment>({
        ...deployment,
        metadata: {
          ...deployment.metadata,
          annotations: { ...deployment.metadata.annotations, [revisionAnnotation]: plan.revisionNumber },
        },
      });
    }
    if (canonicalJson(deployment.status) !== canonicalJson(plan.status))
      objects.updateStatus<Deployment>({ ...deployment, status: plan.status });
    return plan.requeueMs;
  }

  #changeSet(namespace: string, name: string, change: (set: ReplicaSet) => ReplicaSet): ReplicaSet | undefined {
    const set = this.#options.objects.get<ReplicaSet>("ReplicaSet", namespace, name);
    if (set !== undefined) this.#options.objects.update(change(set));
    return set;
  }

  #replicaSet(key: string): number | void {
    const { objects, pods, now, event, inject } = this.#options;
    const [namespace, name] = splitKey(key);
    const set = objects.get<ReplicaSet>("ReplicaSet", namespace, name);
    if (set === undefined) return;
    const uid = set.metadata.uid ?? "";
    const plan = reconcileReplicaSet(set, pods.controlledBy(uid), now());
    for (let count = 0; count < plan.create; count++) {
      const draft = podFromTemplate(set, safeLetters(randomBytes(5), 5));
      const pod = objects.create(inject(draft, objects.get<Namespace>("Namespace", undefined, namespace)));
      event(set, "Normal", "SuccessfulCreate", `Created pod: ${pod.metadata.name}`);
    }
    for (const podName of plan.remove) {
      objects.remove("Pod", namespace, podName);
      event(set, "Normal", "SuccessfulDelete", `Deleted pod: ${podName}`);
    }
    // Creating and deleting came back as watch events, and this key will be looked at again.
    const status =
      plan.create + plan.remove.length === 0
        ? plan.status
        : reconcileReplicaSet(
            objects.get<ReplicaSet>("ReplicaSet", namespace, name) ?? set,
            pods.controlledBy(uid),
            now(),
          ).status;
    if (canonicalJson(set.status) !== canonicalJson(status)) objects.updateStatus<ReplicaSet>({ ...set, status });
    return plan.requeueMs;
  }
}
