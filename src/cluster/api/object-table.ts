import type { KubeObject } from "../../objects/meta.ts";
import type { Kind } from "../../objects/kinds.ts";
import { expired } from "./api-error.ts";
import { ObjectRows, type Change, type ChangeType } from "./object-rows.ts";
import type { StoreFailure } from "./store-failure.ts";

export const kindKey = (kind: Kind): string => `${kind.apiVersion}/${kind.kind}`;
const objectKey = (namespace: string | undefined, name: string): string => `${namespace ?? ""}/${name}`;
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
}

export interface HistoryBounds {
  changes: number;
  bytes: number;
}
interface Watcher {
  kind: string;
  listener: (change: Change) => void;
  after: number;
}

/**
 * Objects in memory, written through to ObjectRows, with a bounded history of changes: what etcd is to a kube-apiserver.
 * It knows no rule of any kind. Objects are frozen: whoever wants to change one copies it.
 */
export class ObjectTable {
  readonly #rows: ObjectRows;
  readonly #bounds: HistoryBounds;
  readonly #byKind = new Map<string, Map<string, KubeObject>>();
  readonly #sorted = new Map<string, string[]>();
  readonly #byOwner = new Map<string, Map<string, { kind: string; object: KubeObject }>>();
  #history: Change[] = [];
  #historyBytes = 0;
  #revision: number;
  /** Changes up to this revision are forgotten. */
  #oldest: number;
  #stored: number;
  #count = 0;
  readonly #watchers = new Set<Watcher>();
  readonly #pending: Change[] = [];
  #dispatching = false;

  constructor(path: string, bounds: HistoryBounds, failed?: (failure: StoreFailure) => void) {
    this.#bounds = bounds;
    this.#rows = new ObjectRows(path, failed);
    const { revision, oldest, objects, history } = this.#rows.load();
    this.#revision = revision;
    this.#oldest = oldest;
    this.#stored = oldest;
    for (const { kind, object } of objects) this.#set(kind, freeze(object));
    for (const change of history) {
      this.#history.push({ ...change, object: freeze(change.object) });
      this.#historyBytes += change.size;
    }
  }

  get revision(): number {
    return this.#revision;
  }

  get oldest(): number {
    return this.#oldest;
  }

  get(kind: Kind, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#byKind.get(kindKey(kind))?.get(objectKey(namespace, name));
  }

  /** Sorted by namespace and name, beginning after `after` (`namespace/name`). */
  *list(kind: Kind, namespace: string | undefined, after?: string): Generator<KubeObject> {
    const key = kindKey(kind);
    const objects = this.#byKind.get(key);
    if (objects === undefined) return;
    let sorted = this.#sorted.get(key);
    if (sorted === undefined) this.#sorted.set(key, (sorted = [...objects.keys()].sort(order)));
    const prefix = namespace === undefined ? "" : `${namespace}/`;
    for (
      let index = firstAfter(sorted, after !== undefined && after >= prefix ? after : prefix);
      index < sorted.length;
      index++
    ) {
      const at = sorted[index]!;
      if (!at.startsWith(prefix)) return;
      yield objects.get(at)!;
    }
  }

  /** Objects whose ownerReferences name this uid. */
  dependents(uid: string): { kind: string; object: KubeObject }[] {
    return [...(this.#byOwner.get(uid)?.values() ?? [])];
  }

  /** Writes through, then tells the watchers. The object gets its resourceVersion here. */
  write(kind: Kind, type: ChangeType, object: KubeObject): KubeObject {
    const revision = this.#revision + 1;
    const stored = freeze({ ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } });
    const body = JSON.stringify(stored);
    const { namespace, name } = object.metadata;
    const previous = this.get(kind, namespace, name);
    const key = kindKey(kind);
    const change: Change = {
      revision,
      type,
      kind: key,
      object: stored,
      size: body.length,
      ...(previous === undefined ? {} : { previous }),
    };
    const objects = this.#count + (type === "DELETED" ? -1 : previous === undefined ? 1 : 0);
    const drop = this.#excess(body.length);
    const oldest = drop === 0 ? this.#oldest : this.#history[drop - 1]!.revision;
    this.#rows.write(change, body, oldest, objects, oldest > this.#stored);
    this.#oldest = this.#stored = oldest;
    for (const gone of this.#history.splice(0, drop)) this.#historyBytes -= gone.size;
    this.#history.push(change);
    this.#historyBytes += change.size;
    this.#revision = revision;
    if (type === "DELETED") this.#unset(key, stored);
    else this.#set(key, stored);
    this.#dispatch(change);
    return stored;
  }

  /** How many of the oldest changes must go, in steps of an eighth so that not every write deletes. */
  #excess(size: number): number {
    if (this.#history.length < this.#bounds.changes && this.#historyBytes + size <= this.#bounds.bytes) return 0;
    let drop = 0;
    let bytes = this.#historyBytes;
    while (
      drop < this.#history.length &&
      (this.#history.length - drop > (this.#bounds.changes * 7) / 8 || bytes > (this.#bounds.bytes * 7) / 8)
    )
      bytes -= this.#history[drop++]!.size;
    return drop;
  }

  /**
   * Changes of a kind after `after`, first those of the history, then each as it happens, in order and before the
   * write that made it returns (a write made inside a listener is told after the one being told).
   * @throws ApiError 410 when `after` is older than the history, or newer than anything written.
   */
  watch(kind: Kind, after: number, listener: (change: Change) => void): () => void {
    if (after < this.#oldest) throw expired(`too old resource version: ${after} (${this.#oldest})`);
    if (after > this.#revision) throw expired(`too new resource version: ${after} (${this.#revision})`);
    const key = kindKey(kind);
    // What is still waiting to be told has a revision above `after` too, and must not be told twice.
    const watcher: Watcher = { kind: key, listener, after: this.#revision };
    const start = firstRevisionAfter(this.#history, after);
    for (const change of this.#history.slice(start)) if (change.kind === key) listener(change);
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  #dispatch(change: Change): void {
    this.#pending.push(change);
    if (this.#dispatching) return;
    this.#dispatching = true;
    try {
      for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
        for (const watcher of [...this.#watchers]) {
          if (!this.#watchers.has(watcher) || watcher.kind !== next.kind || next.revision <= watcher.after) continue;
          try {
            watcher.listener(next);
          } catch (error) {
            // A listener's failure is its own: it must neither undo a write nor starve the other listeners.
            queueMicrotask(() => {
              throw error;
            });
          }
        }
      }
    } finally {
      this.#dispatching = false;
    }
  }

  #set(kind: string, object: KubeObject): void {
    let objects = this.#byKind.get(kind);
    if (objects === undefined) this.#byKind.set(kind, (objects = new Map()));
    const key = objectKey(object.metadata.namespace, object.metadata.name);
    const previous = objects.get(key);
    if (previous === undefined) {
      this.#sorted.delete(kind);
      this.#count++;
    } else this.#unown(kind, previous, key);
    objects.set(key, object);
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      let owned = this.#byOwner.get(uid);
      if (owned === undefined) this.#byOwner.set(uid, (owned = new Map()));
      owned.set(`${kind}/${key}`, { kind, object });
    }
  }

  #unset(kind: string, object: KubeObject): void {
    const key = objectKey(object.metadata.namespace, object.metadata.name);
    const previous = this.#byKind.get(kind)?.get(key);
    if (previous === undefined) return;
    this.#unown(kind, previous, key);
    this.#byKind.get(kind)!.delete(key);
    this.#sorted.delete(kind);
    this.#count--;
  }

  #unown(kind: string, object: KubeObject, key: string): void {
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      const owned = this.#byOwner.get(uid);
      owned?.delete(`${kind}/${key}`);
      if (owned?.size === 0) this.#byOwner.delete(uid);
    }
  }

  close(): void {
    this.#watchers.clear();
    this.#rows.close();
  }
}

function firstAfter(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function firstRevisionAfter(history: readonly Change[], revision: number): number {
  let low = 0;
  let high = history.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (history[middle]!.revision <= revision) low = middle + 1;
    else high = middle;
  }
  return low;
}
