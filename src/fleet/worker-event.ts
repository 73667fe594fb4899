/** What a worker did or met, for the log, the journal and the cluster's page. */
import type { FieldConflict } from "../kube/kube-error.ts";
import type { Drift } from "./apply-object.ts";
import type { ObjectKey } from "./desired.ts";

export type WorkerEvent =
  | { type: "applied"; key: ObjectKey; rowRevision: number; created: boolean }
  | { type: "pruned"; key: ObjectKey }
  /** Somebody changed what is ours; it has been put right. */
  | { type: "drift"; key: ObjectKey; drift: Drift }
  /** Another manager holds fields of an object that was there before us. */
  | { type: "conflict"; key: ObjectKey; conflicts: readonly FieldConflict[] }
  /** The cluster has a later word than ours. */
  | { type: "yielded"; key: ObjectKey; found: number }
  | { type: "refused"; key: ObjectKey; error: string }
  /** Everything we made would go: not without being asked. */
  | { type: "prune-held"; objects: number }
  | { type: "contact-lost"; error: string }
  | { type: "contact-restored" };
