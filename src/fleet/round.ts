/** One pass over the objects that must be looked at: applied in dependency order, then pruned in reverse. */
import { KubeError } from "../kube/kube-error.ts";
import { absentAmong } from "./absent.ts";
import { keyText, parseKey, type DesiredObject, type DesiredSource, type ObjectKey } from "./desired.ts";
import { eachAtMost } from "./each-at-most.ts";
import { Keeping } from "./keeping.ts";
import type { LedgerWriter } from "./ledger-writer.ts";
import { applyRank, inApplyOrder, inPruneOrder } from "./order.ts";
import { applyOne, pruneOne, waits, type End, type ObjectContext } from "./tend-object.ts";

export interface RoundContext extends ObjectContext {
  concurrency: number;
  /** Whether what isn't begun yet is to wait for something else. Once true, it stays so. */
  givesWay: () => boolean;
  /** May everything that we made for rows go? */
  mayBeEmpty: () => boolean;
}

/** Throws `KubeError` when contact is lost (`lost`), and whatever the ledger throws; what wasn't done stays due. */
export async function round(context: RoundContext, due: ReadonlyMap<ObjectKey, number>): Promise<void> {
  const { source, dirty, ledger, givesWay } = context;
  const revision = source.revision;
  const done = (key: ObjectKey): void => dirty.done(key, due.get(key)!, revision);
  const wanted: ObjectKey[] = [];
  const unwanted: ObjectKey[] = [];
  for (const key of due.keys()) (source.get(key) ? wanted : unwanted).push(key);

  /** What failed, by what depends on it: a namespace, or an app's objects of earlier steps. */
  const failed = new Map<string, ObjectKey>();
  /** What failed in an earlier round and isn't to be tried yet blocks as if it had failed in this one. */
  const waiting = [...dirty.failures().keys()].filter((key) => !due.has(key) && source.get(key));
  for (const group of inApplyOrder(wanted)) {
    const rank = applyRank(group[0]!);
    for (const key of waiting) if (applyRank(key) < rank) failed.set(nameForDependents(source.get(key)!), key);
    const inGroup = new Map<string, ObjectKey>();
    const unknown = group.filter((key) => !ledger.entries.has(key) && !context.live.get(key));
    const isAbsent = absentAmong(unknown, { ...context, now: () => context.clock.now() });
    const work = async (key: ObjectKey): Promise<End | undefined> => {
      const desired = source.get(key);
      // Unwanted meanwhile: that change has marked it again.
      if (!desired) return undefined;
      const blocker = dependencies(desired)
        .map((each) => failed.get(each))
        .find((each) => each !== undefined);
      if (blocker !== undefined) {
        dirty.blocked(key, blocker);
        return undefined;
      }
      const end = await attempt(context, key, () => applyOne(context, desired, revision, isAbsent));
      if (!end) inGroup.set(nameForDependents(desired), key);
      return end;
    };
    await eachKept(group, context.concurrency, work, done, givesWay);
    if (givesWay()) return;
    for (const [name, key] of inGroup) failed.set(name, key);
  }

  if (unwanted.length > 0 && !context.mayBeEmpty() && wouldEmpty(source, ledger)) {
    const held = unwanted.filter((key) => ledger.entries.has(key));
    for (const key of unwanted) {
      if (ledger.entries.has(key)) dirty.postponed(key, "everything would go", context.clock.now());
      else done(key);
    }
    if (held.length > 0) context.tell({ type: "prune-held", objects: held.length });
    return;
  }
  for (const group of inPruneOrder(unwanted)) {
    await eachKept(group, context.concurrency, (key) => attempt(context, key, () => pruneOne(context, key)), done);
  }
}

/** The objects in force are all gone while the ledger still has some: more likely a mistake than a wish. A baseline doesn't count. */
export function wouldEmpty(source: DesiredSource, ledger: Pick<LedgerWriter, "entries">): boolean {
  for (const { rowRevision } of source.objects()) if (rowRevision > 0) return false;
  for (const { revision, made } of ledger.entries.values()) if (made && revision > 0) return true;
  return false;
}

/** Many at once. The next is begun before the ledger has kept the last; done is what it has, and all of that in the end. */
async function eachKept(
  keys: readonly ObjectKey[],
  concurrency: number,
  work: (key: ObjectKey) => Promise<End | undefined>,
  finish: (key: ObjectKey) => void,
  enough: () => boolean = () => false,
): Promise<void> {
  const keeping = new Keeping();
  const each = async (key: ObjectKey): Promise<void> => {
    const end = await work(key);
    if (end) keeping.add(end.kept.then(() => finish(key)));
  };
  try {
    await eachAtMost(keys, concurrency, each, () => enough() || keeping.failed);
  } finally {
    await keeping.ended();
  }
}

/** Undefined: the key is marked to be tried again. */
async function attempt(
  { dirty, clock, tell }: RoundContext,
  key: ObjectKey,
  work: () => Promise<string | End>,
): Promise<End | undefined> {
  let error: string;
  try {
    const end = await work();
    if (typeof end !== "string") return end;
    if (end === waits) return undefined;
    error = end;
  } catch (cause) {
    if (!(cause instanceof KubeError)) throw cause;
    if (cause.lost) {
      // It may be this object alone that nobody answers for: next time the others come first.
      if (cause.code === "kube/timeout" || cause.code === "kube/malformed")
        dirty.failed(key, cause.message, clock.now());
      throw cause;
    }
    error = cause.message;
    tell({ type: "refused", key, error });
  }
  dirty.failed(key, error, clock.now());
  return undefined;
}

function dependencies({ object }: DesiredObject): string[] {
  const { namespace } = object.metadata;
  return namespace === undefined ? [] : [`/${namespace}`, nameForDependents({ object })];
}
/** `/NAMESPACE` for a namespace, `NAMESPACE/APP` for what belongs to an app. */
function nameForDependents({ object }: Pick<DesiredObject, "object">): string {
  const { name, namespace, labels } = object.metadata;
  return namespace === undefined ? `/${name}` : `${namespace}/${labels?.["app"] ?? name}`;
}

/** A failure's text, with the object it concerns. */
export function failureText(failures: ReadonlyMap<ObjectKey, string>): string | undefined {
  const [first] = failures;
  if (!first) return undefined;
  const more = failures.size > 1 ? ` (and ${failures.size - 1} more)` : "";
  return `${parseKey(first[0]) ? keyText(first[0]) : first[0]}: ${first[1]}${more}`;
}

/** What a round said with `prune-held`, for as long as it holds. */
export function heldText(objects: number): string {
  return `${objects} objects are kept although nothing is in force any more: pruning everything must be asked for`;
}
