/** What a cluster should hold, from what is in force: rendered on the spot, kept up to date row by row. */
import type { RowName } from "../render/keys.ts";
import { RenderedCluster } from "../render/rendered-cluster.ts";
import type { RenderOptions } from "../render/render.ts";
import type { InForceRows } from "../render/rows.ts";
import type { DesiredChange, DesiredObject, DesiredSource, ObjectKey } from "./desired.ts";

export interface InForceSource {
  inForce(): InForceRows;
  /** Told after each change; returns how to stop. */
  onInForce(listener: (view: InForceRows) => void): () => void;
}

export interface RenderedSource extends DesiredSource {
  /** Ends following what is in force. */
  close(): void;
}

/** Throws when a row that is in force can't be rendered: the rows are damaged. Later damage is thrown to whoever wrote the row. */
export function renderedSource(cluster: string, rows: InForceSource, options: RenderOptions): RenderedSource {
  let before = rows.inForce();
  const rendered = new RenderedCluster(cluster, before, options);
  const listeners = new Set<(change: DesiredChange) => void>();
  const desired = (key: ObjectKey): DesiredObject | undefined => {
    const found = rendered.objects.get(key);
    return found && { key, object: found.object, rowRevision: found.rowRevision };
  };
  const close = rows.onInForce((view) => {
    const { keys, changed } = rendered.advance(view);
    const apps = concerned(changed, [before, view]);
    before = view;
    for (const listener of listeners) listener({ revision: view.revision, keys, ...(apps !== undefined && { apps }) });
  });
  return {
    get revision() {
      return rendered.revision;
    },
    *objects() {
      for (const [key, { object, rowRevision }] of rendered.objects) yield { key, object, rowRevision };
    },
    get: desired,
    listen: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close,
  };
}

/** Apps whose requests may depend on changed rows: their own, and those that they call. undefined: perhaps any. */
function concerned(changed: readonly RowName[], views: readonly InForceRows[]): string[] | undefined {
  const apps = new Set<string>();
  for (const row of changed) {
    if (row.kind === "Base") return undefined;
    apps.add(row.app);
    for (const view of views)
      for (const callee of Object.keys(view.rosters.get(row.app)?.value.edges ?? {})) apps.add(callee);
  }
  return [...apps];
}
