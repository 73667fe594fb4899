/** Sends one object: who holds which field, what is taken by force, and what another writer's later word means. */
import { parseKey, type DesiredObject } from "./desired.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import { KubeError, type FieldConflict } from "../kube/kube-error.ts";
import type { KubeObject } from "../objects/meta.ts";
import type { LedgerEntry } from "./ledger.ts";
import { liveView, type LiveView } from "./live-view.ts";
import { differences, managersOf, ownedFields, type FieldDifference } from "./owned-fields.ts";
import { managedLabel } from "../render/names.ts";
import { fieldManager, rowRevisionOf, type StampedObject } from "./stamp.ts";

export interface Drift {
  /** What was found and is put right; empty when the object was deleted. */ fields: FieldDifference[];
  deleted: boolean;
  /** Who did it, as far as the object tells. */ managers: string[];
}
export type Applied =
  | { outcome: "applied"; entry: LedgerEntry; view: LiveView; created: boolean; drift?: Drift }
  | { outcome: "yielded"; found: number }
  | { outcome: "conflict"; conflicts: FieldConflict[] };

export interface ApplyContext {
  client: Pick<KubeClient, "find" | "apply">;
  /** Waits for its turn under the cluster's rate limit. */
  turn: () => Promise<void>;
  /** Keeps what is about to be made, before it is made. */
  intend: (entry: LedgerEntry) => Promise<void>;
}

/** That often the object may change between our look and our write. */
const tries = 4;

/** Throws `KubeError` for whatever else the API refuses. */
export async function applyObject(
  context: ApplyContext,
  desired: DesiredObject,
  stamped: StampedObject,
  entry: LedgerEntry | undefined,
  live: LiveView | undefined,
  because: "new" | "changed" | "drift",
): Promise<Applied> {
  const { client, turn } = context;
  const kind = parseKey(desired.key)!.kind;
  const { name, namespace } = desired.object.metadata;
  const look = async (): Promise<KubeObject | undefined> => {
    await turn();
    return client.find(kind, { name, ...(namespace === undefined ? {} : { namespace }) });
  };

  let before: KubeObject | undefined;
  // The watch shows only what carries our label, so that the first time we must look ourselves whether something is there.
  let looked = because === "drift" || !entry || !live;
  if (looked) before = await look();
  if (!entry) {
    const ours =
      before === undefined || (rowRevisionOf(before) >= 0 && before.metadata.labels?.[managedLabel] === "true");
    entry = { key: desired.key, revision: -1, applied: "", owned: "", made: ours };
    if (before && rowRevisionOf(before) > desired.rowRevision)
      return { outcome: "yielded", found: rowRevisionOf(before) };
    await context.intend(entry);
  }

  for (let attempt = 1; ; attempt++) {
    const resourceVersion = looked ? before?.metadata.resourceVersion : live?.metadata.resourceVersion;
    const object =
      resourceVersion === undefined
        ? stamped.object
        : { ...stamped.object, metadata: { ...stamped.object.metadata, resourceVersion } };
    try {
      const { result, taken } = await send(context, object, entry.made || because === "drift");
      const view = liveView(result.object);
      const applied: LedgerEntry = {
        key: desired.key,
        revision: desired.rowRevision,
        applied: stamped.hash,
        owned: view.owned,
        made: entry.made,
      };
      const drift = driftBetween(because, before, result.object, taken);
      return { outcome: "applied", entry: applied, view, created: result.created, ...(drift ? { drift } : {}) };
    } catch (error) {
      if (!(error instanceof KubeError) || error.status !== 409) throw error;
      if (error.conflicts.length > 0) return { outcome: "conflict", conflicts: error.conflicts };
      if (attempt === tries) throw error;
      // Changed, made or deleted since we looked: look again, and mind a later word.
      before = await look();
      looked = true;
      if (before && rowRevisionOf(before) > Math.max(desired.rowRevision, entry.revision))
        return { outcome: "yielded", found: rowRevisionOf(before) };
    }
  }
}

/** Without force first, so that we know whom we take a field from. What we made, we hold; what was there before us, only while it is as we left it. */
async function send(
  { client, turn }: ApplyContext,
  object: KubeObject,
  mayForce: boolean,
): Promise<{ result: { object: KubeObject; created: boolean }; taken: FieldConflict[] }> {
  await turn();
  try {
    return { result: await client.apply(object, { fieldManager }), taken: [] };
  } catch (error) {
    if (!(error instanceof KubeError) || error.conflicts.length === 0 || !mayForce) throw error;
    await turn();
    return { result: await client.apply(object, { fieldManager, force: true }), taken: error.conflicts };
  }
}

function driftBetween(
  because: string,
  before: KubeObject | undefined,
  after: KubeObject,
  taken: readonly FieldConflict[],
): Drift | undefined {
  if (because !== "drift") {
    if (taken.length === 0) return undefined;
    return {
      fields: taken.map(({ field }) => ({ field, before: undefined, after: undefined })),
      deleted: false,
      managers: [...new Set(taken.map(({ manager }) => manager))].sort(),
    };
  }
  if (!before) return { fields: [], deleted: true, managers: [] };
  const fields = differences(ownedFields(before, fieldManager), ownedFields(after, fieldManager));
  if (fields.length === 0) return undefined;
  const managers = new Set([
    ...taken.map(({ manager }) => manager),
    ...managersOf(
      before,
      fields.map(({ field }) => field),
      fieldManager,
    ),
  ]);
  return { fields, deleted: false, managers: [...managers].sort() };
}
