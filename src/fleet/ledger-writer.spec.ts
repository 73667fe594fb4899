import { expect, test } from "vitest";
import { memoryLedger, type Ledger, type LedgerEntry } from "./ledger.ts";
import { LedgerWriter } from "./ledger-writer.ts";

const entry = (key: string): LedgerEntry => ({ key, revision: 1, applied: "", owned: "", made: true });

/** What is put is told; while `broken` it isn't kept. */
function watched(): { ledger: Ledger; puts: string[][]; store: { broken: boolean } } {
  const [inner, puts, store] = [memoryLedger(), [] as string[][], { broken: false }];
  const put: Ledger["put"] = async (cluster, entries) => {
    puts.push(entries.map(({ key }) => key));
    if (store.broken) throw new Error("the store is busy");
    await inner.put(cluster, entries);
  };
  return { ledger: { ...inner, put }, puts, store };
}

test("what comes while a write is under way goes together with the next; what is kept already isn't written again", async () => {
  const { ledger, puts } = watched();
  const writer = new LedgerWriter(ledger, "lima", async () => undefined);
  await Promise.all(["a", "b", "c"].map((key) => writer.put(entry(key))));
  expect(puts).toEqual([["a", "b", "c"]]);
  await writer.put(entry("a"));
  expect(puts).toHaveLength(1);
  await writer.put({ ...entry("a"), applied: "hash" });
  expect(puts).toHaveLength(2);
});

test("what wasn't kept is written when the same is put again", async () => {
  const { ledger, puts, store } = watched();
  const writer = new LedgerWriter(ledger, "lima", async () => undefined);
  store.broken = true;
  await expect(writer.put(entry("a"))).rejects.toThrow("busy");
  expect(writer.entries.has("a")).toBe(true);
  await expect(writer.put(entry("a"))).rejects.toThrow("busy");
  store.broken = false;
  await writer.put(entry("a"));
  expect(puts).toEqual([["a"], ["a"], ["a"]]);
  expect(await ledger.read("lima")).toHaveLength(1);
});
