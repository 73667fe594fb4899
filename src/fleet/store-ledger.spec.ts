import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openSqliteStore } from "../store/open-sqlite-store.ts";
import type { Store } from "../store/store.ts";
import { memoryLedger, type Ledger, type LedgerEntry } from "./ledger.ts";
import { LedgerWriter } from "./ledger-writer.ts";
import { storeLedger } from "./store-ledger.ts";

const entry = (name: string, over: Partial<LedgerEntry> = {}): LedgerEntry => ({
  key: `v1/Service/money/${name}`,
  revision: 4,
  applied: "a1",
  owned: "o1",
  made: true,
  ...over,
});

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "quipu-ledger-"));
  store = await openSqliteStore(join(folder, "quipu.db"));
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.each([
  ["in memory", () => memoryLedger()],
  ["in the store", () => storeLedger(store)],
])("the ledger %s", (_, make) => {
  test("gives back what was put, by cluster", async () => {
    const ledger = make();
    const entries = [entry("a"), entry("b", { applied: "", owned: "", made: false, revision: -1 })];
    await ledger.put("lima", entries);
    await ledger.put("bogota", [entry("c")]);
    await ledger.put("lima", [entry("a", { revision: 5, applied: "a2" })]);
    expect(await ledger.read("lima")).toEqual([entry("a", { revision: 5, applied: "a2" }), entries[1]]);
    await ledger.remove("lima", [entry("b").key]);
    expect((await ledger.read("lima")).map(({ key }) => key)).toEqual([entry("a").key]);
    expect(await ledger.read("bogota")).toEqual([entry("c")]);
  });
});

describe("writes", () => {
  /** A ledger whose writes end when told to. */
  function slow() {
    const inner = memoryLedger();
    const waiting: { go: () => void; fail: (error: Error) => void }[] = [];
    const batches: string[][] = [];
    const gate = () => new Promise<void>((go, fail) => waiting.push({ go, fail }));
    const ledger: Ledger = {
      read: inner.read,
      put: async (cluster, entries) => {
        batches.push(entries.map(({ key }) => key.at(-1)!));
        await gate();
        await inner.put(cluster, entries);
      },
      remove: async (cluster, keys) => {
        batches.push(keys.map((key) => `-${key.at(-1)}`));
        await gate();
        await inner.remove(cluster, keys);
      },
    };
    const next = async () => {
      while (waiting.length === 0) await Promise.resolve();
      return waiting.shift()!;
    };
    return { ledger, batches, next, writer: new LedgerWriter(ledger, "lima", async () => undefined) };
  }

  test("that come while one is under way go together, and resolve only when they are kept", async () => {
    const { batches, next, writer, ledger } = slow();
    const done: string[] = [];
    const put = (name: string) => writer.put(entry(name)).then(() => done.push(name));
    const all = [put("a")];
    const first = await next();
    all.push(put("b"), put("c"));
    first.go();
    const second = await next();
    expect(done).toEqual(["a"]);
    second.go();
    await Promise.all(all);
    expect(batches).toEqual([["a"], ["b", "c"]]);
    const removed = [writer.remove(entry("a").key), writer.put(entry("d"))];
    (await next()).go();
    (await next()).go();
    await Promise.all(removed);
    expect((await ledger.read("lima")).map(({ key }) => key.at(-1))).toEqual(["b", "c", "d"]);
  });

  test("that come soon after each other go together", async () => {
    const { ledger, batches, next } = slow();
    let go = (): void => undefined;
    const writer = new LedgerWriter(ledger, "lima", () => new Promise<void>((done) => (go = done)));
    const all = [writer.put(entry("a")), writer.put(entry("b"))];
    go();
    (await next()).go();
    await Promise.all(all);
    expect(batches).toEqual([["a", "b"]]);
  });

  test("that fail are told, and kept with the next", async () => {
    const { next, writer, ledger } = slow();
    const first = writer.put(entry("a"));
    (await next()).fail(new Error("disk full"));
    await expect(first).rejects.toThrow("disk full");
    const second = writer.put(entry("b"));
    (await next()).go();
    await second;
    expect((await ledger.read("lima")).map(({ key }) => key.at(-1))).toEqual(["a", "b"]);
  });
});
