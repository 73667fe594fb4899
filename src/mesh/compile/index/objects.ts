import { isDeepStrictEqual } from "node:util";
import type { PodStatus } from "../../../objects/core.ts";
import type { KubeObject } from "../../../objects/meta.ts";
import type { Graph, Reached } from "../memo.ts";

/** An object without what changes on every write (resourceVersion, managedFields, …): equal content is equal. */
export interface Stored<O extends KubeObject = KubeObject> {
  /** `Kind/namespace/name`. */
  readonly id: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** RFC 3339, or "" when the object has none yet: Istio resolves conflicts in favour of the oldest. */
  readonly created: string;
  readonly object: O;
}

export function objectId(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}

/** A lookup of objects by some key; reading it inside a memoised function is a tracked dependency on that key alone. */
export interface Index<O extends KubeObject> {
  /** Oldest first, then by namespace and name. Those that pass the filter count as used by whoever asks. */
  (key: string, filter?: (stored: Stored<O>) => boolean): Stored<O>[];
}

interface RawIndex {
  readonly kind: string;
  readonly keysOf: (stored: Stored) => string[];
  readonly entries: Map<string, Map<string, Stored>>;
  readonly invalidate: (key: string) => void;
  readonly users: (key: string, id: string) => Reached[];
}

/** All objects that the mesh compiles from, held once, found by tracked indexes. */
export class ObjectStore {
  readonly #graph: Graph;
  readonly #objects = new Map<string, Stored>();
  readonly #indexes = new Map<string, RawIndex[]>();

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  /** Indexes come before the first put. Objects of a kind without an index are not kept. */
  index<O extends KubeObject>(kind: string, label: string, keysOf: (stored: Stored<O>) => string[]): Index<O> {
    const entries = new Map<string, Map<string, Stored>>();
    const family = this.#graph.family<string, Stored<O>[]>(
      `${kind} by ${label}`,
      (key) => [...(entries.get(key)?.values() ?? [])].sort(byAge) as Stored<O>[],
      { equal: sameMembers },
    );
    const raw: RawIndex = {
      kind,
      keysOf: keysOf as RawIndex["keysOf"],
      entries,
      invalidate: (key) => family.invalidate(key),
      users: (key, id) => family.users(key, id),
    };
    this.#indexes.set(kind, [...(this.#indexes.get(kind) ?? []), raw]);
    const graph = this.#graph;
    return (key, filter) => {
      const found = family(key);
      const used = filter === undefined ? found : found.filter(filter);
      for (const stored of used) graph.note(stored.id);
      return used;
    };
  }

  put(object: KubeObject): void {
    if (!this.#indexes.has(object.kind)) return;
    const stored = strip(object);
    const before = this.#objects.get(stored.id);
    if (before !== undefined && isDeepStrictEqual(before, stored)) return;
    this.#objects.set(stored.id, stored);
    this.#reindex(object.kind, before, stored);
  }

  remove(kind: string, namespace: string, name: string): void {
    const id = objectId(kind, namespace, name);
    const before = this.#objects.get(id);
    if (before === undefined) return;
    this.#objects.delete(id);
    this.#reindex(kind, before, undefined);
  }

  get(id: string): Stored | undefined {
    return this.#objects.get(id);
  }

  /** The computations that looked at this object, as it is now. */
  users(id: string): Reached[] {
    const stored = this.#objects.get(id);
    if (stored === undefined) return [];
    return (this.#indexes.get(stored.kind) ?? []).flatMap((index) =>
      index.keysOf(stored).flatMap((key) => index.users(key, id)),
    );
  }

  #reindex(kind: string, before: Stored | undefined, after: Stored | undefined): void {
    for (const index of this.#indexes.get(kind) ?? []) {
      const oldKeys = before === undefined ? [] : index.keysOf(before);
      const newKeys = after === undefined ? [] : index.keysOf(after);
      for (const key of oldKeys) {
        const entry = index.entries.get(key);
        entry?.delete(before!.id);
        if (entry?.size === 0) index.entries.delete(key);
      }
      for (const key of newKeys) {
        const entry = index.entries.get(key);
        if (entry === undefined) index.entries.set(key, new Map([[after!.id, after!]]));
        else entry.set(after!.id, after!);
      }
      for (const key of new Set([...oldKeys, ...newKeys])) index.invalidate(key);
    }
  }
}

function strip(object: KubeObject): Stored {
  const { name, namespace = "", labels = {}, annotations = {}, creationTimestamp = "" } = object.metadata;
  const { status: _status, metadata: _metadata, ...content } = object;
  const used = object.kind === "Pod" ? stripPod(object) : content;
  // Of one name there may be several pods, one after another.
  const uid = object.kind === "Pod" ? object.metadata.uid : undefined;
  return {
    id: objectId(object.kind, namespace, name),
    kind: object.kind,
    namespace,
    name,
    labels,
    annotations: withoutNoise(annotations),
    created: creationTimestamp,
    object: { ...used, metadata: { name, namespace, labels, ...(uid !== undefined && { uid }) } } as KubeObject,
  };
}

/** Of a pod's status, which changes all the time: its address, and whether requests may go there. */
function stripPod(object: KubeObject): Partial<KubeObject> {
  const spec = object.spec as
    | { serviceAccountName?: string; nodeName?: string; containers?: { ports?: unknown }[] }
    | undefined;
  const status = object.status as PodStatus | undefined;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    spec: {
      serviceAccountName: spec?.serviceAccountName,
      nodeName: spec?.nodeName,
      containers: (spec?.containers ?? []).map(({ ports }) => ({ ports })),
    },
    status: { podIP: status?.podIP, phase: isServing(object, status) ? "Running" : "Pending" },
  };
}

/** As the endpoints controller has it: neither ended nor ending, and ready where it says so. */
function isServing({ metadata }: KubeObject, status: PodStatus | undefined): boolean {
  if (metadata.deletionTimestamp !== undefined || status?.phase === "Succeeded" || status?.phase === "Failed")
    return false;
  return status?.conditions?.find(({ type }) => type === "Ready")?.status !== "False";
}

function withoutNoise(annotations: Record<string, string>): Record<string, string> {
  const kept = Object.entries(annotations).filter(
    ([key]) => key.startsWith("networking.istio.io/") || key.includes(".istio.io/"),
  );
  return Object.fromEntries(kept);
}

function byAge(a: Stored, b: Stored): number {
  return compare(a.created, b.created) || compare(a.namespace, b.namespace) || compare(a.name, b.name);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sameMembers(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((member, index) => member === b[index]);
}
