import { affected, changedRows, objectKeys, type RowName } from "./keys.ts";
import type { ObjectKey } from "./object-key.ts";
import { render, type Rendered, type RenderOptions } from "./render.ts";
import type { InForceRows } from "./rows.ts";

/** All objects of one cluster, kept up to date row by row: an edit renders only what it reaches. */
export class RenderedCluster {
  readonly cluster: string;
  readonly #options: RenderOptions;
  readonly #objects = new Map<ObjectKey, Rendered>();
  #rows: InForceRows;

  constructor(cluster: string, rows: InForceRows, options: RenderOptions) {
    this.cluster = cluster;
    this.#options = options;
    this.#rows = rows;
    for (const key of objectKeys(cluster, rows)) {
      const rendered = render(cluster, key, rows, options);
      if (rendered !== undefined) this.#objects.set(key, rendered);
    }
  }

  /** Store revision that the objects belong to. */
  get revision(): number {
    return this.#rows.revision;
  }

  get objects(): ReadonlyMap<ObjectKey, Rendered> {
    return this.#objects;
  }

  /** Goes on to a later view; tells the keys whose object is new, changed or gone, and the rows that made them so. */
  advance(rows: InForceRows): { keys: ObjectKey[]; changed: RowName[] } {
    const before = this.#rows;
    const redo = new Set<ObjectKey>();
    const changed = changedRows(before, rows);
    for (const row of changed) {
      for (const key of affected(this.cluster, row, before)) redo.add(key);
      for (const key of affected(this.cluster, row, rows)) redo.add(key);
    }
    this.#rows = rows;
    const keys = [...redo].toSorted().filter((key) => {
      const old = this.#objects.get(key);
      let rendered = render(this.cluster, key, rows, this.#options);
      if (rendered === undefined) return this.#objects.delete(key);
      const same = old !== undefined && JSON.stringify(old.object) === JSON.stringify(rendered.object);
      if (same && old.rowRevision === rendered.rowRevision) return false;
      // A row that went leaves no revision behind; the view's own stands in for it, so that revisions never fall.
      if (old !== undefined && rendered.rowRevision <= old.rowRevision)
        rendered = { ...rendered, rowRevision: same ? old.rowRevision : rows.revision };
      this.#objects.set(key, rendered);
      return !same || old.rowRevision !== rendered.rowRevision;
    });
    return { keys, changed };
  }
}
