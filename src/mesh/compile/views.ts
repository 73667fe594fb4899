import type { Change, Proxy, Resource, TypeUrl } from "../resource.ts";
import type { Family, Graph, Watch } from "./memo.ts";
import type { Owner, Roots } from "./roots.ts";
import type { View } from "./view.ts";

/** All proxies that see the same, and what they were last told. */
export interface Viewed extends Owner {
  readonly view: View;
  readonly proxies: Set<string>;
}

/** Proxies of equal labels: what they have in common with others may change, and moves them together. */
interface Alike {
  readonly watch: Watch<View>;
  readonly proxies: Set<string>;
  viewed: Viewed;
}

/** Which proxies share which view. */
export class Views {
  readonly #graph: Graph;
  readonly #roots: Roots;
  readonly #shared: Family<View, View>;
  readonly #viewed = new Map<string, Viewed>();
  readonly #alike = new Map<string, Alike>();
  readonly #ofProxy = new Map<string, { own: string; alike: Alike }>();
  readonly #marked = new Set<Alike>();

  /** `shared`: of a proxy's own view, as much as any object tells apart. */
  constructor(graph: Graph, roots: Roots, shared: Family<View, View>) {
    this.#graph = graph;
    this.#roots = roots;
    this.#shared = shared;
  }

  add(proxy: Proxy, own: View): void {
    const known = this.#alike.get(own.id);
    const alike = known ?? this.#first(own);
    alike.proxies.add(proxy.id);
    alike.viewed.proxies.add(proxy.id);
    this.#ofProxy.set(proxy.id, { own: own.id, alike });
  }

  remove(id: string): void {
    const found = this.#ofProxy.get(id);
    if (found === undefined) return;
    const { own, alike } = found;
    this.#ofProxy.delete(id);
    alike.proxies.delete(id);
    this.#leave(alike.viewed, [id]);
    if (alike.proxies.size > 0) return;
    alike.watch.end();
    this.#alike.delete(own);
    this.#marked.delete(alike);
  }

  of(id: string): Viewed | undefined {
    return this.#ofProxy.get(id)?.alike.viewed;
  }

  /**
   * Moves proxies whose view is another one now, and says what is different for them. `read` gives what a view has under a
   * label. Before `Roots.flush`, which tells the rest.
   */
  flush(read: (viewed: Viewed, label: string) => ReadonlyMap<string, Resource>): Change[] {
    const changes: Change[] = [];
    const marked = [...this.#marked];
    this.#marked.clear();
    for (const alike of marked) {
      const view = alike.watch.read();
      const { viewed: old } = alike;
      if (view.id === old.view.id) continue;
      alike.viewed = this.#enter(view);
      for (const id of alike.proxies) alike.viewed.proxies.add(id);
      const byType = new Map<TypeUrl, Set<string>>();
      for (const [label, { type, last }] of old.roots) {
        const now = read(alike.viewed, label);
        for (const name of new Set([...last.keys(), ...now.keys()])) {
          if (last.get(name)?.version === now.get(name)?.version) continue;
          byType.set(type, (byType.get(type) ?? new Set()).add(name));
        }
      }
      for (const [type, names] of byType) changes.push({ type, proxies: [...alike.proxies], names });
      this.#leave(old, alike.proxies);
    }
    return changes;
  }

  #first(own: View): Alike {
    const watch = this.#graph.watch(this.#shared, own, () => this.#marked.add(alike));
    const alike: Alike = { watch, proxies: new Set(), viewed: this.#enter(watch.read()) };
    this.#alike.set(own.id, alike);
    return alike;
  }

  #enter(view: View): Viewed {
    const found = this.#viewed.get(view.id) ?? { view, proxies: new Set<string>(), roots: new Map() };
    this.#viewed.set(view.id, found);
    return found;
  }

  #leave(viewed: Viewed, ids: Iterable<string>): void {
    for (const id of ids) viewed.proxies.delete(id);
    if (viewed.proxies.size > 0) return;
    this.#roots.end(viewed);
    this.#viewed.delete(viewed.view.id);
  }
}
