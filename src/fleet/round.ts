/** One pass over the objects that must be looked at: applied in dependency order, then pruned in reverse. */
import type { Clock } from "../kube/clock.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import { KubeError } from "../kube/kube-error.ts";
import type { Deployment } from "../objects/core.ts";
import { kinds } from "../objects/kinds.ts";
import { applyObject } from "./apply-object.ts";
import { isAutoscaled } from "./autoscaled.ts";
import { decide, type Decision } from "./decide.ts";
import { keyText, parseKey, type DesiredObject, type DesiredSource, type ObjectKey } from "./desired.ts";
import type { DirtyKeys } from "./dirty-keys.ts";
import { eachAtMost } from "./each-at-most.ts";
import type { LedgerWriter } from "./ledger-writer.ts";
import type { LiveObjects } from "./live-objects.ts";
import { applyRank, inApplyOrder, inPruneOrder } from "./order.ts";
import { pruneObject } from "./prune-object.ts";
import { fieldManager, stamp } from "./stamp.ts";
import type { WorkerEvent } from "./worker-event.ts";

export interface RoundContext {
  client: Pick<KubeClient, "find" | "apply" | "list" | "delete">;
  source: DesiredSource;
  ledger: LedgerWriter;
  live: Pick<LiveObjects, "get" | "wrote" | "unreadable">;
  dirty: DirtyKeys;
  clock: Clock;
  /** Waits for a token of the cluster's rate limit. */
  turn: () => Promise<void>;
  tell: (event: WorkerEvent) => void;
  concurrency: number;
  /** May everything that we made for rows go? */
  mayBeEmpty: () => boolean;
}

/** Throws `KubeError` when contact is lost (`lost`), and whatever the ledger throws; what wasn't done stays due. */
export async function round(context: RoundContext, due: ReadonlyMap<ObjectKey, number>): Promise<void> {
  const { source, dirty, ledger } = context;
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
    await eachAtMost(group, context.concurrency, async (key) => {
      const desired = source.get(key);
      // Unwanted meanwhile: that change has marked it again.
      if (!desired) return;
      const blocker = dependencies(desired)
        .map((each) => failed.get(each))
        .find((each) => each !== undefined);
      if (blocker !== undefined) return dirty.blocked(key, blocker);
      if (await attempt(context, key, () => applyOne(context, desired, revision))) done(key);
      else inGroup.set(nameForDependents(desired), key);
    });
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
    await eachAtMost(group, context.concurrency, async (key) => {
      if (await attempt(context, key, () => pruneOne(context, key))) done(key);
    });
  }
}

/** The objects in force are all gone while the ledger still has some: more likely a mistake than a wish. A baseline doesn't count. */
export function wouldEmpty(source: DesiredSource, ledger: Pick<LedgerWriter, "entries">): boolean {
  for (const { rowRevision } of source.objects()) if (rowRevision > 0) return false;
  for (const { revision, made } of ledger.entries.values()) if (made && revision > 0) return true;
  return false;
}

/** True when the work is done; else the key is marked to be tried again. */
async function attempt(
  { dirty, clock, tell }: RoundContext,
  key: ObjectKey,
  work: () => Promise<string | undefined>,
): Promise<boolean> {
  let error: string | undefined;
  try {
    error = await work();
    if (error === undefined) return true;
    if (error === waits) return false;
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
  return false;
}

/** Said by work that has marked its key itself. */
const waits = "waits";

/** Undefined: done; else why not. */
async function applyOne(context: RoundContext, desired: DesiredObject, revision: number): Promise<string | undefined> {
  const { client, source, ledger, live, turn, tell } = context;
  const { key } = desired;
  const unreadable = live.unreadable(parseKey(key)!.kind);
  if (unreadable !== undefined) return unreadable;
  const withoutReplicas = isAutoscaled(source, key);
  const stamped = stamp(desired, { withoutReplicas });
  const entry = ledger.entries.get(key);
  const view = live.get(key);
  const decision: Decision = decide({
    wanted: { hash: stamped.hash, rowRevision: desired.rowRevision },
    entry,
    live: view,
    revision,
  });
  if (decision.do === "nothing") return undefined;
  if (decision.do === "yield") {
    tell({ type: "yielded", key, found: decision.found });
    return undefined;
  }
  if (decision.do !== "apply") throw new Error(`${decision.do} of something wanted: ${key}`);
  if (withoutReplicas && view?.holdsReplicas) await handOverReplicas(context, desired);
  const applied = await applyObject(
    { client, turn, intend: (each) => ledger.put(each) },
    desired,
    stamped,
    entry,
    live.get(key),
    decision.because,
  );
  if (applied.outcome === "yielded") {
    tell({ type: "yielded", key, found: applied.found });
    return undefined;
  }
  if (applied.outcome === "conflict") {
    tell({ type: "conflict", key, conflicts: applied.conflicts });
    return applied.conflicts.map(({ field, manager }) => `${field} is owned by "${manager}"`).join("; ");
  }
  live.wrote(key, applied.view);
  await ledger.put(applied.entry);
  if (applied.drift) tell({ type: "drift", key, drift: applied.drift });
  tell({ type: "applied", key, rowRevision: desired.rowRevision, created: applied.created });
  return undefined;
}

async function pruneOne(context: RoundContext, key: ObjectKey): Promise<string | undefined> {
  const { client, source, ledger, live, turn, tell, dirty, clock } = context;
  const parts = parseKey(key);
  const unreadable = parts && live.unreadable(parts.kind);
  if (unreadable !== undefined) {
    // Not seeing it doesn't mean that it isn't there.
    dirty.postponed(key, unreadable, clock.now());
    return waits;
  }
  const view = live.get(key);
  const decision = decide({ wanted: undefined, entry: ledger.entries.get(key), live: view, revision: source.revision });
  if (decision.do === "prune") {
    const pruned = await pruneObject(client, turn, key, view!);
    if (pruned.outcome === "kept") {
      dirty.postponed(key, pruned.why, clock.now());
      return waits;
    }
    tell({ type: "pruned", key });
  } else if (decision.do === "yield") {
    tell({ type: "yielded", key, found: decision.found });
    return undefined;
  } else if (decision.do === "nothing") return undefined;
  await ledger.remove(key);
  return undefined;
}

/**
 * Dropping a field that only we own deletes it, and a Deployment without replicas has one. So the number is first given
 * to a manager of its own, from which the autoscaler takes it (Kubernetes, "Server-Side Apply", transferring ownership).
 */
async function handOverReplicas({ client, turn }: RoundContext, { object }: DesiredObject): Promise<void> {
  const { name, namespace } = object.metadata;
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  await turn();
  const live = await client.find<Deployment>(kinds.Deployment, metadata);
  if (live?.spec?.replicas === undefined) return;
  await turn();
  await client.apply(
    { apiVersion: live.apiVersion, kind: live.kind, metadata, spec: { replicas: live.spec.replicas } },
    { fieldManager: `${fieldManager}-handover`, force: true },
  );
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
