/** The ledger in the store. Its `hash` column holds `applied.owned.made`; nobody else reads it. */
import type { Store } from "../store/store.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";

export function storeLedger(store: Pick<Store, "read" | "write">): Ledger {
  return {
    read: async (cluster) =>
      (await store.read((tx) => tx.ledger(cluster))).map(({ key, revision, hash }) => ({
        key,
        revision,
        ...unpack(hash),
      })),
    put: (cluster, entries) =>
      store.write((tx) =>
        tx.putLedger(
          cluster,
          entries.map((entry) => ({ key: entry.key, revision: entry.revision, hash: pack(entry) })),
        ),
      ),
    remove: (cluster, keys) => store.write((tx) => tx.deleteLedger(cluster, keys)),
  };
}

function pack({ applied, owned, made }: LedgerEntry): string {
  return `${applied}.${owned}.${made ? "made" : "found"}`;
}
function unpack(hash: string): Pick<LedgerEntry, "applied" | "owned" | "made"> {
  const [applied = "", owned = "", made = ""] = hash.split(".");
  return { applied, owned, made: made === "made" };
}
