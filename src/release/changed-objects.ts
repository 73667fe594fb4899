import { affected, changedRows } from "../render/keys.ts";
import { parseObjectKey } from "../render/object-key.ts";
import { render, type Rendered, type RenderOptions } from "../render/render.ts";
import type { InForce } from "../store/in-force.ts";

/** What a cluster would be given, and what would be taken from it, by going on from one view to another. */
export interface ChangedObjects {
  put: Rendered["object"][];
  remove: { kind: string; namespace: string; name: string }[];
}

/** Of all apps: a caller's edges change its callees' objects too. Pure. */
export function changedObjects(
  cluster: string,
  before: InForce,
  after: InForce,
  options: RenderOptions,
): ChangedObjects {
  const keys = new Set(
    changedRows(before, after).flatMap((row) => [...affected(cluster, row, before), ...affected(cluster, row, after)]),
  );
  const changed: ChangedObjects = { put: [], remove: [] };
  for (const key of [...keys].toSorted()) {
    const was = render(cluster, key, before, options)?.object;
    const is = render(cluster, key, after, options)?.object;
    if (is !== undefined) {
      if (JSON.stringify(was) !== JSON.stringify(is)) changed.put.push(is);
      continue;
    }
    const parts = was === undefined ? undefined : parseObjectKey(key);
    if (parts !== undefined)
      changed.remove.push({ kind: parts.kind.kind, namespace: parts.namespace, name: parts.name });
  }
  return changed;
}
