/** What to do about one object, from what is wanted, what the ledger says and what the cluster shows. Pure. */
import type { LedgerEntry } from "./ledger.ts";
import { rowRevisionOf } from "./stamp.ts";
import type { LiveView } from "./live-view.ts";

export interface Situation {
  /** Undefined: not wanted. `hash`: of the object as it would be sent. */
  wanted: { hash: string; rowRevision: number } | undefined;
  entry: LedgerEntry | undefined;
  live: LiveView | undefined;
  /** Store revision of what is wanted. */
  revision: number;
}

export type Decision =
  | { do: "nothing" }
  /** `because`: "new": never applied; "changed": something else is wanted than what was applied; "drift": the cluster shows something else than we left. */
  | { do: "apply"; because: "new" | "changed" | "drift" }
  /** Somebody who knows a later revision has been here. */
  | { do: "yield"; found: number }
  | { do: "prune" }
  /** Not wanted any more, but not ours to delete, or not there: strike it from the ledger. */
  | { do: "forget" };

export function decide({ wanted, entry, live, revision }: Situation): Decision {
  const found = live ? rowRevisionOf(live) : -1;
  if (wanted) {
    if (found > wanted.rowRevision && found > (entry?.revision ?? -1)) return { do: "yield", found };
    if (!entry) return { do: "apply", because: "new" };
    if (entry.applied !== wanted.hash) return { do: "apply", because: entry.applied === "" ? "new" : "changed" };
    // Being deleted: what we sent then would vanish with it. Its end is an event, and brings us back here.
    if (live?.metadata.deletionTimestamp !== undefined) return { do: "nothing" };
    return live?.owned === entry.owned ? { do: "nothing" } : { do: "apply", because: "drift" };
  }
  if (!entry) return { do: "nothing" };
  if (!live || !entry.made) return { do: "forget" };
  if (live.metadata.deletionTimestamp !== undefined) return { do: "nothing" };
  if (found > revision) return { do: "yield", found };
  return { do: "prune" };
}
