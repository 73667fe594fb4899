/** One object of a round: looked at, and applied, pruned or left as it is. */
import type { Clock } from "../kube/clock.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import type { IsAbsent } from "./absent.ts";
import { applyObject } from "./apply-object.ts";
import { isAutoscaled, scaledBy } from "./autoscaled.ts";
import { decide, type Decision } from "./decide.ts";
import { parseKey, type DesiredObject, type DesiredSource, type ObjectKey } from "./desired.ts";
import type { DirtyKeys } from "./dirty-keys.ts";
import type { DriftLog } from "./drift-log.ts";
import { pauseText, type Healing } from "./healing.ts";
import { inspectDrift } from "./inspect-drift.ts";
import { appOf } from "./owner.ts";
import type { LedgerWriter } from "./ledger-writer.ts";
import type { LiveObjects } from "./live-objects.ts";
import { pruneObject } from "./prune-object.ts";
import { handOverReplicas, raiseReplicas } from "./replicas.ts";
import { asFound, stamp, type StampedObject } from "./stamp.ts";
import type { WorkerEvent } from "./worker-event.ts";

export interface ObjectContext {
  client: Pick<KubeClient, "find" | "apply" | "list" | "delete">;
  source: DesiredSource;
  ledger: LedgerWriter;
  live: Pick<LiveObjects, "get" | "wrote" | "unreadable">;
  dirty: DirtyKeys;
  drifts: DriftLog;
  healing: Pick<Healing, "pause">;
  clock: Clock;
  /** Waits for a token of the cluster's rate limit. */
  turn: () => Promise<void>;
  tell: (event: WorkerEvent) => void;
}

/** The cluster is as it shall be, and the ledger knows of it as soon as that is kept. */
export interface End {
  kept: Promise<void>;
}
export const nothingToKeep: End = { kept: Promise.resolve() };

/** Said by work that has marked its key itself. */
export const waits = "waits";

/** A text: why not. */
export async function applyOne(
  context: ObjectContext,
  desired: DesiredObject,
  revision: number,
  isAbsent: IsAbsent,
): Promise<string | End> {
  const { client, source, ledger, live, turn, tell, drifts, clock } = context;
  const { key } = desired;
  const app = appOf(desired.object);
  const unreadable = live.unreadable(parseKey(key)!.kind);
  if (unreadable !== undefined) return unreadable;
  const withoutReplicas = isAutoscaled(source, key);
  const entry = ledger.entries.get(key);
  const stamped = stamp(desired, { withoutReplicas });
  const view = live.get(key);
  const decision: Decision = decide({
    wanted: { hash: stamped.hash, rowRevision: desired.rowRevision },
    entry,
    live: view,
    revision,
  });
  if (decision.do === "nothing") {
    if (view && view.metadata.deletionTimestamp === undefined) drifts.settled(key, clock.now());
    return nothingToKeep;
  }
  /** As it would be sent again, to see what an edit has done. */
  const again =
    entry?.made === false && entry.applied !== "" ? { ...stamped, object: asFound(stamped.object) } : stamped;
  if (decision.do === "yield") return yieldTo(context, desired, again, decision.found);
  if (decision.do === "apply" && decision.because === "drift" && (await staysForNow(context, desired, again)))
    return nothingToKeep;
  if (decision.do !== "apply") throw new Error(`${decision.do} of something wanted: ${key}`);
  if (withoutReplicas && view?.holdsReplicas) await handOverReplicas(context, key);
  const applied = await applyObject(
    { client, turn, isAbsent, intend: (each) => ledger.put(each) },
    desired,
    stamped,
    entry,
    live.get(key),
    decision.because,
  );
  if (applied.outcome === "yielded") return yieldTo(context, desired, again, applied.found);
  if (applied.outcome === "conflict") {
    tell({ type: "conflict", key, conflicts: applied.conflicts });
    return applied.conflicts.map(({ field, manager }) => `${field} is owned by "${manager}"`).join("; ");
  }
  live.wrote(key, applied.view);
  if (applied.created ? withoutReplicas : scaledBy(key) !== undefined)
    await raiseReplicas(context, source, key, (each) => live.get(each));
  const kept = ledger.put(applied.entry);
  if (applied.drift) {
    drifts.healed(key, app, applied.drift, clock.now());
    tell({ type: "drift", key, drift: applied.drift });
  } else drifts.settled(key, clock.now());
  tell({ type: "applied", key, rowRevision: desired.rowRevision, created: applied.created });
  return { kept };
}

/**
 * Somebody who knows a later revision has written the object: it is left alone. As a rule that is another process of ours
 * with newer rows, and then it is as we want it, or we shall hear of it soon. Else it is another server, or this database is
 * an older copy: nobody must take it for applied.
 */
async function yieldTo(
  { client, turn, tell }: ObjectContext,
  desired: DesiredObject,
  stamped: StampedObject,
  found: number,
): Promise<string | End> {
  tell({ type: "yielded", key: desired.key, found });
  const { fields, deleted, unread } = await inspectDrift(client, turn, desired, stamped);
  if (fields.length === 0 && !deleted && unread === undefined) return nothingToKeep;
  return `it carries the later revision ${found}, and is another than revision ${desired.rowRevision} wants: another server has written it, or this one's database is an older copy`;
}

/** True: healing is paused. What was done to the object is seen and told, and waits. */
async function staysForNow(context: ObjectContext, desired: DesiredObject, stamped: StampedObject): Promise<boolean> {
  const { client, turn, tell, drifts, healing, clock } = context;
  const { key } = desired;
  const app = appOf(desired.object);
  const pause = healing.pause(app, clock.now());
  if (pause === undefined) {
    drifts.resumed(key);
    return false;
  }
  const why = pauseText(pause, app);
  const drift = await inspectDrift(client, turn, desired, stamped);
  if (drifts.waits(key, app, drift, why, clock.now())) tell({ type: "drift-waits", key, drift, why });
  return true;
}

export async function pruneOne(context: ObjectContext, key: ObjectKey): Promise<string | End> {
  const { client, source, ledger, live, turn, tell, dirty, clock, drifts } = context;
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
    return nothingToKeep;
  } else if (decision.do === "nothing") return nothingToKeep;
  drifts.settled(key, clock.now());
  return { kept: ledger.remove(key) };
}
