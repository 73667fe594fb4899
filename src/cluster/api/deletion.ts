import { findKind, kinds, type Kind } from "../../objects/kinds.ts";
import type { KubeObject, OwnerReference } from "../../objects/meta.ts";
import type { Pod } from "../../objects/core.ts";
import { conflict, notFound } from "./api-error.ts";
import type { ObjectTable } from "./object-table.ts";
import { timestamp } from "./timestamp.ts";

export type PropagationPolicy = "Background" | "Foreground" | "Orphan";
export interface DeleteOptions {
  preconditions?: { uid?: string; resourceVersion?: string };
  /** Pods only; 0 removes at once. Unset: the pod's own terminationGracePeriodSeconds. */
  gracePeriodSeconds?: number;
  propagationPolicy?: PropagationPolicy;
  dryRun?: boolean;
}
/** `removed` false: the object waits, with a deletionTimestamp, for its finalizers, its grace period or its contents. */
export interface Deleted {
  object: KubeObject;
  removed: boolean;
}

const foreground = "foregroundDeletion";
const namespaced: readonly Kind[] = Object.values(kinds).filter((kind) => kind.namespaced);

/**
 * Deleting as Kubernetes does it: grace periods of pods, finalizers, garbage collection by ownerReferences and
 * the emptying of namespaces. Where Kubernetes has controllers for the last two, here both happen before the
 * delete returns, or when what they wait for goes.
 */
export class Deletion {
  readonly #table: ObjectTable;
  readonly #now: () => Date;

  constructor(table: ObjectTable, now: () => Date) {
    this.#table = table;
    this.#now = now;
  }

  /** @throws ApiError 404, or 409 when a precondition doesn't hold. */
  delete(kind: Kind, namespace: string | undefined, name: string, options: DeleteOptions = {}): Deleted {
    const object = this.#table.get(kind, namespace, name);
    if (object === undefined) throw notFound(kind, name);
    const { preconditions, propagationPolicy = "Background", dryRun = false } = options;
    for (const [field, label] of [
      ["uid", "UID"],
      ["resourceVersion", "ResourceVersion"],
    ] as const) {
      const wanted = preconditions?.[field];
      if (wanted !== undefined && wanted !== object.metadata[field]) {
        throw conflict(
          kind,
          name,
          `Precondition failed: ${label} in precondition: ${wanted}, ${label} in object meta: ${object.metadata[field]}`,
        );
      }
    }
    const grace = kind === kinds.Pod ? podGrace(object as Pod, options.gracePeriodSeconds) : 0;
    if (dryRun) return { object, removed: true };
    if (kind === kinds.Namespace) return this.#deleteNamespace(object);

    const { uid, finalizers = [] } = object.metadata;
    if (propagationPolicy === "Orphan")
      for (const dependent of this.#table.dependents(uid!)) this.#disown(dependent, uid!);
    const waits = propagationPolicy === "Foreground" && this.#blocking(uid!) && !finalizers.includes(foreground);
    const next = waits ? [...finalizers, foreground] : finalizers;
    if (next.length === 0 && grace === 0) return { object: this.#remove(kind, object), removed: true };
    const marked = this.#mark(kind, object, next, grace);
    if (waits)
      for (const { kind: key, object: dependent } of this.#table.dependents(uid!))
        this.#deleteDependent(key, dependent, uid!, "Foreground");
    const left = this.#table.get(kind, namespace, name);
    return left === undefined ? { object: marked, removed: true } : { object: left, removed: false };
  }

  /** After an update: an object being deleted goes when nothing holds it any more. Undefined: it is still there. */
  releaseIfFree(kind: Kind, object: KubeObject): KubeObject | undefined {
    const { deletionTimestamp, finalizers = [], deletionGracePeriodSeconds = 0 } = object.metadata;
    if (deletionTimestamp === undefined || finalizers.length > 0 || deletionGracePeriodSeconds > 0) return undefined;
    if (kind === kinds.Namespace) return this.#finishNamespace(object.metadata.name);
    return this.#remove(kind, object);
  }

  /** A new object whose owners are all gone already goes at once: its controller was too late. */
  collectIfOrphaned(kind: Kind, object: KubeObject): void {
    const { namespace, name } = object.metadata;
    if (this.#orphaned(object) && this.#table.get(kind, namespace, name) === object) this.delete(kind, namespace, name);
  }

  /** Takes up what a stop interrupted: each write is durable on its own, so a deletion may have got half way. */
  resume(): void {
    for (const kind of Object.values<Kind>(kinds)) {
      for (const object of [...this.#table.list(kind, undefined)]) {
        // Deleting one object may have taken others of this list with it.
        if (this.#table.get(kind, object.metadata.namespace, object.metadata.name) !== object) continue;
        if (this.#orphaned(object)) this.delete(kind, object.metadata.namespace, object.metadata.name);
        else if (kind !== kinds.Namespace && object.metadata.deletionTimestamp !== undefined)
          this.#finishForeground(kind, object);
      }
    }
    for (const namespace of [...this.#table.list(kinds.Namespace, undefined)])
      if (namespace.metadata.deletionTimestamp !== undefined) this.#deleteNamespace(namespace);
  }

  #mark(kind: Kind, object: KubeObject, finalizers: readonly string[], grace: number): KubeObject {
    const { metadata } = object;
    // A second delete may only shorten the time.
    if (
      metadata.deletionTimestamp !== undefined &&
      (metadata.deletionGracePeriodSeconds ?? 0) <= grace &&
      finalizers.length === (metadata.finalizers?.length ?? 0)
    )
      return object;
    const remaining =
      metadata.deletionTimestamp === undefined ? grace : Math.min(grace, metadata.deletionGracePeriodSeconds ?? 0);
    return this.#table.write(kind, "MODIFIED", {
      ...object,
      metadata: {
        ...metadata,
        ...(finalizers.length === 0 ? {} : { finalizers: [...finalizers] }),
        deletionGracePeriodSeconds: remaining,
        deletionTimestamp: timestamp(new Date(this.#now().getTime() + remaining * 1000)),
        ...(metadata.generation === undefined ? {} : { generation: metadata.generation + 1 }),
      },
    });
  }

  #remove(kind: Kind, object: KubeObject): KubeObject {
    const { uid, namespace, ownerReferences = [] } = object.metadata;
    const gone = this.#table.write(kind, "DELETED", object);
    for (const { kind: key, object: dependent } of this.#table.dependents(uid!))
      this.#deleteDependent(key, dependent, uid!, "Background");
    for (const owner of ownerReferences) {
      const ownerKind = findKind(owner.apiVersion, owner.kind);
      const found = ownerKind && this.#table.get(ownerKind, ownerKind.namespaced ? namespace : undefined, owner.name);
      if (ownerKind !== undefined && found?.metadata.uid === owner.uid) this.#finishForeground(ownerKind, found);
    }
    if (
      namespace !== undefined &&
      this.#table.get(kinds.Namespace, undefined, namespace)?.metadata.deletionTimestamp !== undefined
    )
      this.#finishNamespace(namespace);
    return gone;
  }

  /** An owner is gone or going: the dependent goes too, unless another owner still holds it. */
  #deleteDependent(key: string, dependent: KubeObject, uid: string, policy: "Background" | "Foreground"): void {
    const { namespace, name, ownerReferences = [] } = dependent.metadata;
    const kind = kindOf(key);
    if (this.#table.get(kind, namespace, name)?.metadata.uid !== dependent.metadata.uid) return;
    if (ownerReferences.some((owner) => owner.uid !== uid && this.#exists(owner, namespace)))
      this.#disown({ kind: key, object: dependent }, uid);
    else if (dependent.metadata.deletionTimestamp === undefined)
      this.delete(kind, namespace, name, { propagationPolicy: policy });
  }

  #disown({ kind, object }: { kind: string; object: KubeObject }, uid: string): void {
    const { ownerReferences: owners = [], ...metadata } = object.metadata;
    const left = owners.filter((owner) => owner.uid !== uid);
    this.#table.write(kindOf(kind), "MODIFIED", {
      ...object,
      metadata: { ...metadata, ...(left.length === 0 ? {} : { ownerReferences: left }) },
    });
  }

  #orphaned({ metadata: { ownerReferences: owners = [], namespace } }: KubeObject): boolean {
    return owners.length > 0 && !owners.some((owner) => this.#exists(owner, namespace));
  }

  /** An owner of a kind that isn't known here can't be seen to be gone. */
  #exists(owner: OwnerReference, namespace: string | undefined): boolean {
    const kind = findKind(owner.apiVersion, owner.kind);
    return (
      kind === undefined ||
      this.#table.get(kind, kind.namespaced ? namespace : undefined, owner.name)?.metadata.uid === owner.uid
    );
  }

  #blocking(uid: string): boolean {
    return this.#table
      .dependents(uid)
      .some(({ object }) =>
        object.metadata.ownerReferences?.some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true),
      );
  }

  #finishForeground(kind: Kind, object: KubeObject): void {
    const { deletionTimestamp, finalizers = [], uid } = object.metadata;
    if (deletionTimestamp === undefined || !finalizers.includes(foreground) || this.#blocking(uid!)) return;
    const { finalizers: _, ...metadata } = object.metadata;
    const left = finalizers.filter((finalizer) => finalizer !== foreground);
    const next = this.#table.write(kind, "MODIFIED", {
      ...object,
      metadata: left.length === 0 ? metadata : { ...metadata, finalizers: left },
    });
    this.releaseIfFree(kind, next);
  }

  #deleteNamespace(namespace: KubeObject): Deleted {
    const { name } = namespace.metadata;
    let marked = namespace;
    if (namespace.metadata.deletionTimestamp === undefined) {
      marked = this.#table.write(kinds.Namespace, "MODIFIED", {
        ...namespace,
        metadata: { ...namespace.metadata, deletionTimestamp: timestamp(this.#now()), deletionGracePeriodSeconds: 0 },
        status: { ...(namespace.status as object), phase: "Terminating" },
      });
    }
    for (const kind of namespaced) {
      for (const object of [...this.#table.list(kind, name)]) {
        if (
          object.metadata.deletionTimestamp === undefined &&
          this.#table.get(kind, name, object.metadata.name) !== undefined
        )
          this.delete(kind, name, object.metadata.name);
      }
    }
    this.#finishNamespace(name);
    const left = this.#table.get(kinds.Namespace, undefined, name);
    return left === undefined ? { object: marked, removed: true } : { object: left, removed: false };
  }

  #finishNamespace(name: string): KubeObject | undefined {
    const namespace = this.#table.get(kinds.Namespace, undefined, name);
    if (namespace === undefined || (namespace.metadata.finalizers?.length ?? 0) > 0) return undefined;
    for (const kind of namespaced) for (const _left of this.#table.list(kind, name)) return undefined;
    return this.#remove(kinds.Namespace, namespace);
  }
}

function kindOf(key: string): Kind {
  const slash = key.lastIndexOf("/");
  const kind = findKind(key.slice(0, slash), key.slice(slash + 1));
  if (kind === undefined) throw new Error(`the store holds a kind that isn't registered: ${key}`);
  return kind;
}

function podGrace(pod: Pod, wanted: number | undefined): number {
  const { phase } = pod.status ?? {};
  // Nothing runs for a pod that no node has taken yet, or that has ended.
  if (!pod.spec?.nodeName || phase === "Succeeded" || phase === "Failed") return 0;
  return Math.max(0, wanted ?? pod.spec.terminationGracePeriodSeconds ?? 30);
}
