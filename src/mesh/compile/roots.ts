import type { Change, Resource, TypeUrl } from "../resource.ts";
import type { Family, Graph, Reached, Watch } from "./memo.ts";

/** What proxies hold on to: one watched value, and what it was when they were last told. */
export interface Root {
  readonly type: TypeUrl;
  readonly owner: Owner;
  readonly watch: Watch<ReadonlyMap<string, Resource>>;
  last: ReadonlyMap<string, Resource>;
}

/** A proxy by itself, or all proxies that share a view. */
export interface Owner {
  readonly proxies: ReadonlySet<string>;
  readonly roots: Map<string, Root>;
}

/** Keeps track of what must be looked at again after an edit, and finds out what has really changed. */
export class Roots {
  readonly #graph: Graph;
  readonly #onError: (error: unknown, what: string) => void;
  readonly #marked = new Set<Root>();
  readonly #byWatcher = new WeakMap<() => void, Root>();

  constructor(graph: Graph, onError: (error: unknown, what: string) => void) {
    this.#graph = graph;
    this.#onError = onError;
  }

  /** The current resources under a label of this owner; watched from the first time on. */
  read<K>(
    owner: Owner,
    label: string,
    type: TypeUrl,
    family: Family<K, ReadonlyMap<string, Resource>>,
    key: K,
  ): ReadonlyMap<string, Resource> {
    const found = owner.roots.get(label);
    if (found !== undefined) return found.last;
    const mark = () => void this.#marked.add(root);
    const watch = this.#graph.watch(family, key, mark);
    const root: Root = { type, owner, watch, last: new Map() };
    this.#byWatcher.set(mark, root);
    root.last = this.#evaluate(root);
    owner.roots.set(label, root);
    return root.last;
  }

  /** The objects behind all resources under a label, or behind the one of that name, as far as it was made by itself. */
  objects(owner: Owner, label: string, name?: string): string[] {
    const root = owner.roots.get(label);
    const resource = name === undefined ? undefined : root?.last.get(name);
    const isIt = (value: unknown) =>
      isSame(value, resource) || (Array.isArray(value) && value.some((one) => isSame(one, resource)));
    return [...(root?.watch.objects(resource && isIt) ?? [])].sort();
  }

  /** The proxies that hold on to any of these computations. */
  proxies(reached: Iterable<Reached>): Set<string> {
    const found = new Set<string>();
    for (const { watcher } of reached)
      for (const id of (watcher && this.#byWatcher.get(watcher)?.owner.proxies) ?? []) found.add(id);
    return found;
  }

  end(owner: Owner): void {
    for (const root of owner.roots.values()) {
      root.watch.end();
      this.#marked.delete(root);
    }
    owner.roots.clear();
  }

  /** Computes what was marked and says what is different now, one change for each type and owner. */
  flush(): Change[] {
    const changes = new Map<Owner, Map<TypeUrl, Set<string>>>();
    const marked = [...this.#marked];
    this.#marked.clear();
    for (const root of marked) {
      const before = root.last;
      root.last = this.#evaluate(root);
      const names = difference(before, root.last);
      if (names.length === 0) continue;
      const byType = changes.get(root.owner) ?? new Map<TypeUrl, Set<string>>();
      changes.set(root.owner, byType);
      const known = byType.get(root.type) ?? new Set<string>();
      byType.set(root.type, known);
      for (const name of names) known.add(name);
    }
    return [...changes].flatMap(([owner, byType]) =>
      [...byType].map(([type, names]) => ({ type, proxies: owner.proxies, names })),
    );
  }

  /** When a computation fails, what was there before stays in force. */
  #evaluate(root: Root): ReadonlyMap<string, Resource> {
    try {
      return root.watch.read();
    } catch (error) {
      this.#onError(error, root.type);
      return root.last;
    }
  }
}

function isSame(value: unknown, resource: Resource | undefined): boolean {
  if (typeof value !== "object" || value === null || resource === undefined) return false;
  const { type, name, version } = value as Partial<Resource>;
  return version === resource.version && name === resource.name && type === resource.type;
}

function difference(before: ReadonlyMap<string, Resource>, after: ReadonlyMap<string, Resource>): string[] {
  if (before === after) return [];
  const names = [...after]
    .filter(([name, resource]) => before.get(name)?.version !== resource.version)
    .map(([name]) => name);
  for (const name of before.keys()) if (!after.has(name)) names.push(name);
  return names;
}
