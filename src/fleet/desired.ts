/** What a cluster should hold: the narrow interface between whoever renders and the worker that applies. */
import { findKind, type Kind } from "../objects/kinds.ts";
import type { KubeObject } from "../objects/meta.ts";

/** `apiVersion/Kind/namespace/name`; the namespace is empty for kinds without one. The same string is the ledger's key. */
export type ObjectKey = string;

export interface DesiredObject {
  key: ObjectKey;
  /** As rendered: never changed by the worker. */
  object: KubeObject;
  /** Highest revision among the rows it was made from; 0: made from none (a cluster's baseline). */
  rowRevision: number;
}

export interface DesiredChange {
  revision: number;
  /** Changed, new or gone since the revision before. */
  keys: Iterable<ObjectKey>;
  /** Apps that the change has to do with: the changed ones and those that they call. Absent: perhaps any. */
  apps?: readonly string[];
}

export interface DesiredSource {
  /** Store revision to which `get` and `objects` belong. It never falls. */
  readonly revision: number;
  objects(): Iterable<DesiredObject>;
  get(key: ObjectKey): DesiredObject | undefined;
  /** Told after every change, also of revisions that change nothing here (no keys). Returns how to stop. */
  listen(listener: (change: DesiredChange) => void): () => void;
}

export interface KeyParts {
  kind: Kind;
  namespace: string | undefined;
  name: string;
}

export function objectKey({ apiVersion, kind, metadata }: KubeObject): ObjectKey {
  return `${apiVersion}/${kind}/${metadata.namespace ?? ""}/${metadata.name}`;
}

/** By `apiVersion/Kind`, of which there are few; keys are many, and asked again and again. */
const kindsSeen = new Map<string, Kind>();

/** Undefined for a key of a kind that isn't registered. */
export function parseKey(key: ObjectKey): KeyParts | undefined {
  const nameAt = key.lastIndexOf("/");
  const namespaceAt = key.lastIndexOf("/", nameAt - 1);
  const kindText = key.slice(0, Math.max(0, namespaceAt));
  let kind = kindsSeen.get(kindText);
  if (kind === undefined) {
    const at = kindText.lastIndexOf("/");
    kind = findKind(kindText.slice(0, Math.max(0, at)), kindText.slice(at + 1));
    if (kind !== undefined) kindsSeen.set(kindText, kind);
  }
  const namespace = key.slice(namespaceAt + 1, nameAt);
  return kind && { kind, namespace: namespace === "" ? undefined : namespace, name: key.slice(nameAt + 1) };
}

/** As people read it: `Deployment money/checkout-r4`. */
export function keyText(key: ObjectKey): string {
  const parts = parseKey(key);
  if (!parts) return key;
  return `${parts.kind.kind} ${parts.namespace === undefined ? "" : `${parts.namespace}/`}${parts.name}`;
}

/** Objects that every cluster has beside the rendered ones; where both have a key, the rendered object counts. */
export function withBaseline(source: DesiredSource, baseline: readonly KubeObject[]): DesiredSource {
  const base = new Map(
    baseline.map((object) => [objectKey(object), { key: objectKey(object), object, rowRevision: 0 }]),
  );
  return {
    get revision() {
      return source.revision;
    },
    *objects() {
      for (const desired of base.values()) if (!source.get(desired.key)) yield desired;
      yield* source.objects();
    },
    get: (key) => source.get(key) ?? base.get(key),
    listen: (listener) => source.listen(listener),
  };
}

/** A source that is set by hand: for tests, and for an agent, which gets objects and never rows. */
export class DesiredObjects implements DesiredSource {
  revision = 0;
  readonly #objects = new Map<ObjectKey, DesiredObject>();
  readonly #listeners = new Set<(change: DesiredChange) => void>();

  objects(): Iterable<DesiredObject> {
    return this.#objects.values();
  }
  get(key: ObjectKey): DesiredObject | undefined {
    return this.#objects.get(key);
  }
  listen(listener: (change: DesiredChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** One revision: what is put and what goes. An object counts as made from the given row revision (default: this one). */
  change(
    revision: number,
    change: { put?: readonly KubeObject[]; remove?: readonly ObjectKey[]; rowRevision?: number },
  ): void {
    const { put = [], remove = [], rowRevision = revision } = change;
    this.set(revision, { put: put.map((object) => ({ key: objectKey(object), object, rowRevision })), remove });
  }

  /** The same with each object's own row revision. `apps`: as a change tells them. */
  set(
    revision: number,
    { put, remove, apps }: { put: readonly DesiredObject[]; remove: readonly ObjectKey[]; apps?: readonly string[] },
  ): void {
    const keys = new Set<ObjectKey>();
    for (const desired of put) {
      this.#objects.set(desired.key, desired);
      keys.add(desired.key);
    }
    for (const key of remove) if (this.#objects.delete(key)) keys.add(key);
    this.revision = revision;
    for (const listener of this.#listeners) listener({ revision, keys, ...(apps !== undefined && { apps }) });
  }
}
