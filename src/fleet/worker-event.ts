/** What a worker did or met, for the log, the journal and the cluster's page. */
import type { FieldConflict } from "../kube/kube-error.ts";
import type { Drift } from "./apply-object.ts";
import { keyText, type ObjectKey } from "./desired.ts";

export type WorkerEvent =
  | { type: "applied"; key: ObjectKey; rowRevision: number; created: boolean }
  | { type: "pruned"; key: ObjectKey }
  /** Somebody changed what is ours; it has been put right. */
  | { type: "drift"; key: ObjectKey; drift: Drift }
  /** Somebody changed what is ours, and it stays as it is for now. */
  | { type: "drift-waits"; key: ObjectKey; drift: Drift; why: string }
  /** Another manager holds fields of an object that was there before us. */
  | { type: "conflict"; key: ObjectKey; conflicts: readonly FieldConflict[] }
  /** The cluster has a later word than ours. */
  | { type: "yielded"; key: ObjectKey; found: number }
  | { type: "refused"; key: ObjectKey; error: string }
  /** Everything we made would go: not without being asked. */
  | { type: "prune-held"; objects: number }
  /** The cluster doesn't have the kind, or doesn't let us read it. */
  | { type: "kind-unreadable"; kind: string; error: string }
  /** Nothing is read or written there before this is over. */
  | { type: "waits"; error: string }
  | { type: "contact-lost"; error: string }
  | { type: "contact-restored" };

/** A line for a log. */
export function eventText(event: WorkerEvent): string {
  const { type } = event;
  if (type === "prune-held")
    return `kept ${event.objects} objects: nothing is in force any more, and pruning everything must be asked for`;
  if (type === "waits") return `waits: ${event.error}`;
  if (type === "contact-lost") return `lost contact: ${event.error}`;
  if (type === "kind-unreadable") return `leaves every ${event.kind} alone: ${event.error}`;
  if (type === "contact-restored") return "contact restored";
  const object = keyText(event.key);
  if (type === "applied") return `${event.created ? "created" : "applied"} ${object}`;
  if (type === "pruned") return `pruned ${object}`;
  if (type === "yielded") return `left ${object} alone: it carries the later revision ${event.found}`;
  if (type === "refused") return `${object} was refused: ${event.error}`;
  if (type === "conflict")
    return `${object} was there before us: ${event.conflicts.map(({ field, manager }) => `${field} is owned by "${manager}"`).join("; ")}`;
  const by = event.drift.managers.length > 0 ? ` by ${event.drift.managers.join(", ")}` : "";
  const fields = event.drift.fields.map(({ field }) => field).join(", ");
  const what = event.drift.deleted ? "deleted" : `changed${by}${fields === "" ? "" : `: ${fields}`}`;
  return type === "drift" ? `healed ${object}: it had been ${what}` : `${object} was ${what}; ${event.why}`;
}
