/**
 * Which of many objects that are about to be made aren't there yet, from one list for a kind and namespace in place of a
 * look at each. What carries our label is in the worker's view, so that only the others are listed.
 */
import { KubeError } from "../kube/kube-error.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import { managedLabel } from "../render/names.ts";
import { parseKey, type ObjectKey } from "./desired.ts";

/** True: it isn't there. False: it may be; look. Throws `KubeError` when contact is lost. */
export type IsAbsent = (key: ObjectKey) => Promise<boolean>;

/** For fewer a list doesn't pay. */
const fewest = 3;
/** Of objects that aren't ours: where there are more, each of ours is looked for by itself. */
const pageSize = 500;
/** A list is believed for that long, in ms: what is made meanwhile by others isn't noticed before it is joined. */
const goodMs = 5_000;

export interface AbsentContext {
  client: Pick<KubeClient, "list">;
  /** Waits for its turn under the cluster's rate limit. */
  turn: () => Promise<void>;
  now: () => number;
}

/** `keys`: those that neither the view nor the ledger knows. */
export function absentAmong(keys: Iterable<ObjectKey>, context: AbsentContext): IsAbsent {
  const places = Map.groupBy(keys, placeOf);
  const lists = new Map<string, { at: number; names: Promise<ReadonlySet<string> | undefined> }>();
  return async (key) => {
    const place = placeOf(key);
    if ((places.get(place)?.length ?? 0) < fewest) return false;
    let list = lists.get(place);
    if (list === undefined || context.now() - list.at > goodMs) {
      list = { at: context.now(), names: othersIn(key, context) };
      lists.set(place, list);
    }
    const names = await list.names;
    return names !== undefined && !names.has(parseKey(key)!.name);
  };
}

/** Names of what isn't ours; undefined: there is too much, or we aren't told. */
async function othersIn(key: ObjectKey, { client, turn }: AbsentContext): Promise<ReadonlySet<string> | undefined> {
  const { kind, namespace } = parseKey(key)!;
  await turn();
  try {
    const { items, ...rest } = await client.list(kind, {
      ...(namespace !== undefined && { namespace }),
      labelSelector: `${managedLabel}!=true`,
      limit: pageSize,
    });
    return rest.continue === undefined ? new Set(items.map(({ metadata }) => metadata.name)) : undefined;
  } catch (error) {
    if (error instanceof KubeError && !error.lost) return undefined;
    throw error;
  }
}

/** All but the name. */
function placeOf(key: ObjectKey): string {
  return key.slice(0, key.lastIndexOf("/"));
}
