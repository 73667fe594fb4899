import { isDeepStrictEqual } from "node:util";
import { kinds, type Kind } from "../../objects/kinds.ts";
import type { KubeObject } from "../../objects/meta.ts";
import { admitChange, admitNew, copy } from "./admission.ts";
import { alreadyExists, badRequest, notFound } from "./api-error.ts";
import { patched, type PatchType } from "./apply-patch.ts";
import { appliedConfiguration, checkPreconditions } from "./applied-configuration.ts";
import { Deletion, type Deleted, type DeleteOptions } from "./deletion.ts";
import { expireEvents } from "./event-expiry.ts";
import { ownersAfterUpdate } from "./managed-fields.ts";
import { ObjectTable, type HistoryBounds } from "./object-table.ts";
import { fieldFilter, labelFilter } from "./selectors.ts";
import { serverSideApply } from "./server-side-apply.ts";
import type { StoreFailure } from "./store-failure.ts";
import { timestamp } from "./timestamp.ts";
import { seenAs, type WatchEvent } from "./watch-events.ts";

export interface ObjectStoreOptions {
  /** The SQLite file, or `:memory:`. */
  path: string;
  now: () => Date;
  uid: () => string;
  /** How much a watch can catch up on. Default 8192 changes and 64 MiB of JSON, whichever is reached first. */
  history?: HistoryBounds;
  /** Hears once why the file takes no more, after the write that found out has thrown; every later write throws the same. */
  failed?: (failure: StoreFailure) => void;
}
export interface WriteOptions {
  /** Whom `managedFields` name. Default `quipu-cluster`. */
  manager?: string;
  subresource?: "status" | "scale" | undefined;
  /** Do everything but write; the result is what would have been stored. */
  dryRun?: boolean;
}
export interface Selection {
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
}

/**
 * The objects of one cluster with the rules of the Kubernetes API: names, defaults, validation, generations,
 * field ownership, deletion. Synchronous, in memory, written through to SQLite. Controllers in the same process
 * use it directly; the HTTP server is a skin over it. Objects handed out are frozen and shared: copy to change.
 * Every method throws ApiError, worded as a kube-apiserver would.
 */
export class ObjectStore {
  readonly #table: ObjectTable;
  readonly #deletion: Deletion;
  readonly #now: () => Date;
  readonly #uid: () => string;
  #nextExpiry = 0;

  /** @throws CorruptStore when the file is damaged: it is never replaced by an empty one. Other StoreFailures when it can't be used. */
  constructor({ path, now, uid, history = { changes: 8192, bytes: 64 * 1024 * 1024 }, failed }: ObjectStoreOptions) {
    this.#now = now;
    this.#uid = uid;
    this.#table = new ObjectTable(path, history, failed);
    this.#deletion = new Deletion(this.#table, now);
    if (this.#table.revision === 0) {
      for (const name of ["default", "kube-system"])
        this.create(kinds.Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    }
    this.#deletion.resume();
  }

  /** The cluster-wide revision: the highest resourceVersion given so far. */
  get revision(): number {
    return this.#table.revision;
  }

  get<T extends KubeObject = KubeObject>(kind: Kind, namespace: string | undefined, name: string): T | undefined {
    return this.#table.get(kind, kind.namespaced ? namespace : undefined, name) as T | undefined;
  }

  /** Sorted by namespace and name. Selectors are written as in a query (`app=web,tier in (a,b)`). */
  list<T extends KubeObject = KubeObject>(
    kind: Kind,
    { namespace, labelSelector, fieldSelector }: Selection = {},
  ): { items: T[]; resourceVersion: string } {
    const labels = labelFilter(labelSelector);
    const fields = fieldFilter(kind, fieldSelector);
    const items: T[] = [];
    for (const object of this.#table.list(kind, kind.namespaced ? namespace : undefined))
      if (labels(object) && fields(object)) items.push(object as T);
    return { items, resourceVersion: String(this.#table.revision) };
  }

  create<T extends KubeObject>(kind: Kind, object: T, options: WriteOptions = {}): T {
    const next = this.#typed(kind, copy(object));
    delete next.metadata.managedFields;
    return this.#admitAndAdd(kind, next, options, true) as T;
  }

  /** Replaces. With a resourceVersion in `object`, only that version (409 otherwise). */
  update<T extends KubeObject>(
    kind: Kind,
    object: T,
    { manager = "quipu-cluster", subresource, dryRun = false }: WriteOptions = {},
  ): T {
    const next = this.#typed(kind, copy(object));
    return this.#update(
      kind,
      this.#existing(kind, next.metadata.namespace, next.metadata.name),
      next,
      manager,
      subresource,
      dryRun,
    ) as T;
  }

  /** Reads, changes a copy and writes its status, without a conflict. @throws ApiError 404. */
  updateStatus<T extends KubeObject = KubeObject>(
    kind: Kind,
    namespace: string | undefined,
    name: string,
    mutate: (object: T) => T,
    { manager = "quipu-cluster", dryRun = false }: Omit<WriteOptions, "subresource"> = {},
  ): T {
    const before = this.#existing(kind, namespace, name);
    const { status } = mutate(structuredClone(before) as T);
    const next: KubeObject = {
      ...before,
      metadata: { ...before.metadata },
      status: status === undefined ? undefined : copy(status),
    };
    return this.#update(kind, before, next, manager, "status", dryRun) as T;
  }

  /** Server-side apply: creates or merges. `force` takes fields over from other managers. */
  apply<T extends KubeObject>(
    kind: Kind,
    object: T,
    { manager, force = false, subresource, dryRun = false }: WriteOptions & { manager: string; force?: boolean },
  ): T {
    if (!manager)
      throw badRequest(
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
      );
    const config = this.#typed(kind, appliedConfiguration(kind, object, subresource));
    const { name, namespace } = config.metadata;
    const before = this.get(kind, namespace, name);
    checkPreconditions(kind, config, before);
    const time = timestamp(this.#now());
    const next = copy(serverSideApply(kind, before, config, { manager, force, subresource, time }));
    if (before !== undefined) {
      admitChange(kind, before, next, subresource);
      return this.#change(kind, before, next, dryRun) as T;
    }
    if (subresource !== undefined) throw notFound(kind, name);
    return this.#admitAndAdd(kind, next, { dryRun }, false) as T;
  }

  /** `check` sees the patched object before it is admitted, and may mend it. @throws ApiError 415 for a strategic merge patch of a custom resource, as Kubernetes does. */
  patch<T extends KubeObject = KubeObject>(
    kind: Kind,
    namespace: string | undefined,
    name: string,
    { type, patch, check }: { type: PatchType; patch: unknown; check?: (patched: KubeObject) => void },
    options: WriteOptions = {},
  ): T {
    const before = this.#existing(kind, namespace, name);
    const object = patched(kind, before, type, patch) as T;
    check?.(object);
    return this.update(kind, object, options);
  }

  delete(kind: Kind, namespace: string | undefined, name: string, options: DeleteOptions = {}): Deleted {
    return this.#deletion.delete(kind, kind.namespaced ? namespace : undefined, name, options);
  }

  /**
   * Tells every change after `resourceVersion` (unset: from now), in order, before the write that makes it returns.
   * An object that begins to match a selector is ADDED, one that ceases to is DELETED.
   * @returns the way to end it. @throws ApiError 410 when that version is older than the history or was never given.
   */
  watch<T extends KubeObject = KubeObject>(
    kind: Kind,
    { resourceVersion, ...selection }: Selection & { resourceVersion?: string | undefined },
    listener: (event: WatchEvent<T>) => void,
  ): () => void {
    const after = resourceVersion === undefined ? this.#table.revision : Number(resourceVersion);
    if (!Number.isSafeInteger(after) || after < 0)
      throw badRequest(`invalid resource version: ${JSON.stringify(resourceVersion)}`);
    const labels = labelFilter(selection.labelSelector);
    const fields = fieldFilter(kind, selection.fieldSelector);
    const matches = (object: KubeObject): boolean => labels(object) && fields(object);
    return this.#table.watch(kind, after, (change) => {
      if (
        kind.namespaced &&
        selection.namespace !== undefined &&
        change.object.metadata.namespace !== selection.namespace
      )
        return;
      const type = seenAs(change, matches);
      if (type !== undefined) listener({ type, object: change.object as T });
    });
  }

  /** Removes Events over their time or number. Called now and then by whoever owns the store's process. */
  expire(): void {
    expireEvents(this, this.#now());
  }

  close(): void {
    this.#table.close();
  }

  #typed<T extends KubeObject>(kind: Kind, object: T): T {
    if (typeof object.metadata !== "object" || object.metadata === null) throw badRequest("metadata is required");
    if (object.apiVersion !== undefined && object.apiVersion !== kind.apiVersion)
      throw badRequest(
        `the API version in the data (${object.apiVersion}) does not match the expected API version (${kind.apiVersion})`,
      );
    if (object.kind !== undefined && object.kind !== kind.kind)
      throw badRequest(`the kind in the data (${object.kind}) does not match the expected kind (${kind.kind})`);
    if (kind.namespaced && !object.metadata.namespace) throw badRequest("namespace is required");
    if (!kind.namespaced) delete object.metadata.namespace;
    return Object.assign(object, { apiVersion: kind.apiVersion, kind: kind.kind });
  }

  /** `next` is the store's own from here on. */
  #update(
    kind: Kind,
    before: KubeObject,
    next: KubeObject,
    manager: string,
    subresource: string | undefined,
    dryRun: boolean,
  ): KubeObject {
    admitChange(kind, before, next, subresource);
    next.metadata.managedFields = ownersAfterUpdate(kind, before, next, manager, subresource, timestamp(this.#now()));
    return this.#change(kind, before, next, dryRun);
  }

  #existing(kind: Kind, namespace: string | undefined, name: string): KubeObject {
    const found = this.get(kind, namespace, name);
    if (found === undefined) throw notFound(kind, name);
    return found;
  }

  #admitAndAdd(
    kind: Kind,
    next: KubeObject,
    { manager = "quipu-cluster", dryRun = false }: WriteOptions,
    owned: boolean,
  ): KubeObject {
    const namespace = kind.namespaced
      ? this.#table.get(kinds.Namespace, undefined, next.metadata.namespace!)
      : undefined;
    admitNew(kind, next, { namespace, now: this.#now(), uid: this.#uid });
    if (this.#table.get(kind, next.metadata.namespace, next.metadata.name) !== undefined)
      throw alreadyExists(kind, next.metadata.name);
    if (owned)
      next.metadata.managedFields = ownersAfterUpdate(
        kind,
        undefined,
        next,
        manager,
        undefined,
        next.metadata.creationTimestamp!,
      );
    if (dryRun) return next;
    if (kind === kinds.Event && this.#now().getTime() >= this.#nextExpiry) {
      this.#nextExpiry = this.#now().getTime() + 60_000;
      this.expire();
    }
    const stored = this.#table.write(kind, "ADDED", next);
    this.#deletion.collectIfOrphaned(kind, stored);
    // Every namespace has an account for the pods that name none.
    if (kind === kinds.Namespace)
      this.create(kinds.ServiceAccount, {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { name: "default", namespace: stored.metadata.name },
      });
    return stored;
  }

  #change(kind: Kind, before: KubeObject, next: KubeObject, dryRun: boolean): KubeObject {
    if (next.metadata.managedFields?.length === 0) delete next.metadata.managedFields;
    // Writing what is there already is no change: no new version, no event.
    if (isDeepStrictEqual(before, next)) return before;
    if (dryRun) return next;
    const stored = this.#table.write(kind, "MODIFIED", next);
    return this.#deletion.releaseIfFree(kind, stored) ?? stored;
  }
}
