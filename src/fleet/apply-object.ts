/** Sends one object: who holds which field, what is taken by force, and what another writer's later word means. */
import { parseKey, type DesiredObject } from "./desired.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import type { IsAbsent } from "./absent.ts";
import { KubeError, type FieldConflict } from "../kube/kube-error.ts";
import type { KubeObject } from "../objects/meta.ts";
import type { LedgerEntry } from "./ledger.ts";
import { liveView, type LiveView } from "./live-view.ts";
import { driftedFields, type FieldDrift } from "./owned-fields.ts";
import { managedLabel } from "../render/names.ts";
import {
  asFound,
  fieldManager,
  foundAnnotation,
  rowRevisionAnnotation,
  rowRevisionOf,
  type StampedObject,
} from "./stamp.ts";

export interface Drift {
  /** What was found; empty when the object was deleted. */ fields: FieldDrift[];
  deleted: boolean;
  /** Who did it, as far as the object tells. */ managers: string[];
  /** Why the fields can't be told. */ unread?: string;
}
export type Applied =
  | { outcome: "applied"; entry: LedgerEntry; view: LiveView; created: boolean; drift?: Drift }
  | { outcome: "yielded"; found: number }
  | { outcome: "conflict"; conflicts: FieldConflict[] };

export interface ApplyContext {
  client: Pick<KubeClient, "find" | "apply">;
  /** Waits for its turn under the cluster's rate limit. */
  turn: () => Promise<void>;
  isAbsent: IsAbsent;
  /** Keeps what is about to be made, before it is made. */
  intend: (entry: LedgerEntry) => Promise<void>;
}

const rowRevisionField = `.metadata.annotations.${rowRevisionAnnotation}`;

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
  let looked = because === "drift" || !entry || entry.applied === "" || !live;
  const isNew = !entry || entry.applied === "";
  /** As a list told a moment ago, or a look: since then others may have made it. */
  let absent = !entry && !live && (await context.isAbsent(desired.key));
  if (looked && !absent) {
    before = await look();
    absent = isNew && before === undefined;
  }
  // Of what was begun and not completed nobody knows whether it was made, nor by whom what is there was.
  if (!entry || entry.applied === "") {
    entry = { key: desired.key, revision: -1, applied: "", owned: "", made: isOurs(before) };
    if (before && knownBy(before) > desired.rowRevision) return { outcome: "yielded", found: knownBy(before) };
    await context.intend(entry);
  }

  for (let attempt = 1; ; attempt++) {
    const resourceVersion = looked ? before?.metadata.resourceVersion : live?.metadata.resourceVersion;
    const marked = entry.made ? stamped.object : asFound(stamped.object);
    const object =
      resourceVersion === undefined ? marked : { ...marked, metadata: { ...marked.metadata, resourceVersion } };
    try {
      const { result, taken } = await send(context, object, {
        force: (entry.made && !absent) || because === "drift",
        // Somebody changed what we change anyway, and it goes with that: what it was is still to be told.
        first: async () => {
          if (!looked) before = await look();
        },
      });
      const made: boolean = entry.made && (!absent || result.created || isOursAlone(result.object));
      if (entry.made && !made) {
        // Somebody was quicker. The object itself must say so too, for our entry goes when nobody wants it any more.
        entry = { ...entry, made };
        await context.intend(entry);
        await turn();
        result.object = (await client.apply(asFound(stamped.object), { fieldManager })).object;
      }
      const view = liveView(result.object);
      const applied: LedgerEntry = {
        key: desired.key,
        revision: desired.rowRevision,
        applied: stamped.hash,
        owned: view.owned,
        made,
      };
      const again = result.created && entry.applied !== "";
      const drift =
        because === "drift" || again
          ? driftOf(before, result.object)
          : takenBy(taken, before && driftOf(before, result.object)?.fields);
      return { outcome: "applied", entry: applied, view, created: result.created, ...(drift ? { drift } : {}) };
    } catch (error) {
      if (!(error instanceof KubeError) || error.status !== 409) throw error;
      if (error.conflicts.length > 0 && !absent) return { outcome: "conflict", conflicts: error.conflicts };
      if (attempt === tries) throw error;
      // Changed, made or deleted since we looked: look again, and mind a later word.
      before = await look();
      looked = true;
      if (absent) {
        absent = false;
        entry = { ...entry, made: isOurs(before) };
        await context.intend(entry);
      }
      if (before && knownBy(before) > Math.max(desired.rowRevision, entry.revision))
        return { outcome: "yielded", found: knownBy(before) };
    }
  }
}

/** The row revision that the last worker knew; -1: none of ours. */
function knownBy(before: KubeObject): number {
  return rowRevisionOf(liveView(before));
}

/** What isn't there will be ours; what is there is, when a worker made it, and didn't merely find it. */
function isOurs(before: KubeObject | undefined): boolean {
  if (before === undefined) return true;
  const { labels, annotations } = before.metadata;
  return (
    rowRevisionOf(before) >= 0 && labels?.[managedLabel] === "true" && annotations?.[foundAnnotation] === undefined
  );
}
/** Not made by us just now, unless our request came twice, and then nobody else holds anything of it. */
function isOursAlone({ metadata }: KubeObject): boolean {
  return (metadata.managedFields ?? []).every(({ manager, subresource }) => manager === fieldManager || subresource);
}

/** Without force first, so that we know whom we take a field from. What we made, we hold; what was there before us, only while it is as we left it. */
async function send(
  { client, turn }: ApplyContext,
  object: KubeObject,
  { force, first }: { force: boolean; first: () => Promise<void> },
): Promise<{ result: { object: KubeObject; created: boolean }; taken: FieldConflict[] }> {
  await turn();
  try {
    return { result: await client.apply(object, { fieldManager }), taken: [] };
  } catch (error) {
    if (!(error instanceof KubeError) || error.conflicts.length === 0 || !force) throw error;
    await first();
    await turn();
    return { result: await client.apply(object, { fieldManager, force: true }), taken: error.conflicts };
  }
}

/** What was done to an object, from how it was found and how it is when it is right; undefined: nothing. */
export function driftOf(found: KubeObject | undefined, right: KubeObject): Drift | undefined {
  if (found === undefined) return { fields: [], deleted: true, managers: [] };
  // Rows may have changed that say nothing new of it: the revision that it carries is only then brought up to date.
  const fields = driftedFields(found, right, fieldManager).filter(
    ({ field, found: was, managers }) => field !== rowRevisionField || was === undefined || managers.length > 0,
  );
  if (fields.length === 0) return undefined;
  return { fields, deleted: false, managers: [...new Set(fields.flatMap(({ managers }) => managers))].toSorted() };
}

function isBelow(field: string, parent: string): boolean {
  return field.startsWith(`${parent}.`) || field.startsWith(`${parent}[`);
}

/** Of a change, the fields that were taken from somebody with it. */
function takenBy(taken: readonly FieldConflict[], fields: readonly FieldDrift[] = []): Drift | undefined {
  if (taken.length === 0) return undefined;
  return {
    fields: taken.flatMap(({ field, manager }) => {
      const told = fields.filter((each) => each.field === field || isBelow(each.field, field));
      return told.length > 0 ? told : [{ ...{ field, found: undefined, wanted: undefined }, managers: [manager] }];
    }),
    deleted: false,
    managers: [...new Set(taken.map(({ manager }) => manager))].toSorted(),
  };
}
