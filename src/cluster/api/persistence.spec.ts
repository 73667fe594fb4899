import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { kinds } from "../../objects/kinds.ts";
import { CommitMark } from "./commit-mark.ts";
import { ObjectTable } from "./object-table.ts";
import { CorruptStore } from "./store-failure.ts";
import { configMap, deployment, newStore } from "./testing.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quipu-store-"));
  path = join(folder, "cluster.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a store that is opened again", () => {
  it("has everything, goes on counting, and resumes a watch", () => {
    const before = newStore({ path });
    before.create(kinds.ConfigMap, configMap("a", { x: "1" }));
    const from = String(before.revision);
    before.create(kinds.ConfigMap, configMap("b", {}));
    before.delete(kinds.ConfigMap, "default", "a");
    before.patch(kinds.ConfigMap, "default", "b", { type: "merge", patch: { data: { y: "2" } } });
    const [b, revision] = [before.get(kinds.ConfigMap, "default", "b"), before.revision];
    before.close();

    const after = newStore({ path });
    expect([
      after.get(kinds.ConfigMap, "default", "b"),
      after.revision,
      after.get(kinds.ConfigMap, "default", "a"),
    ]).toEqual([b, revision, undefined]);
    const seen: string[] = [];
    after.watch(
      kinds.ConfigMap,
      { namespace: "default", resourceVersion: from },
      ({ type, object }) => void seen.push(`${type} ${object.metadata.name} ${object.metadata.resourceVersion}`),
    );
    after.create(kinds.ConfigMap, configMap("c", {}));
    expect(seen).toEqual([
      `ADDED b ${revision - 2}`,
      `DELETED a ${revision - 1}`,
      `MODIFIED b ${revision}`,
      `ADDED c ${revision + 1}`,
    ]);
    after.close();
  });

  it("answers 410 for what its bounded history has lost", () => {
    const before = newStore({ path, history: { changes: 8, bytes: 1e6 } });
    for (let index = 0; index < 20; index++) before.create(kinds.ConfigMap, configMap(`c${index}`, {}));
    before.close();
    const after = newStore({ path, history: { changes: 8, bytes: 1e6 } });
    expect(() => after.watch(kinds.ConfigMap, { resourceVersion: "5" }, () => {})).toThrow(
      expect.objectContaining({ code: 410 }),
    );
    expect(after.list(kinds.ConfigMap).items).toHaveLength(20);
    after.close();
  });

  it("finishes a deletion that a stop interrupted", () => {
    const before = newStore({ path });
    const owner = before.create(kinds.Deployment, deployment("web"));
    before.create(kinds.ConfigMap, {
      ...configMap("child", {}),
      metadata: {
        name: "child",
        namespace: "default",
        ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: owner.metadata.uid! }],
      },
    });
    before.close();
    // As if the process had died between the removal of the owner and of its dependent.
    const table = new ObjectTable(path, { changes: 100, bytes: 1e6 });
    table.write(kinds.Deployment, "DELETED", owner);
    table.close();
    const after = newStore({ path });
    expect([after.get(kinds.Deployment, "default", "web"), after.list(kinds.ConfigMap).items]).toEqual([undefined, []]);
    after.close();
  });

  it("belongs to one process at a time", () => {
    const first = newStore({ path });
    expect(() => newStore({ path })).toThrow(/in use by another process/);
    first.close();
    newStore({ path }).close();
  });
});

describe("a damaged store", () => {
  function filled(): void {
    const store = newStore({ path });
    for (let index = 0; index < 40; index++)
      store.create(kinds.ConfigMap, configMap(`c${index}`, { value: `needle-${index}-${"x".repeat(400)}` }));
    store.close();
  }
  const open = (): void => newStore({ path }).close();
  function damage(change: (bytes: Buffer) => void): void {
    const bytes = readFileSync(path);
    change(bytes);
    writeFileSync(path, bytes);
  }
  function sql(statement: string): void {
    const database = new DatabaseSync(path);
    database.exec(statement);
    database.close();
  }

  it.each<[string, () => void]>([
    ["header", () => damage((bytes) => bytes.fill(0x41, 0, 16))],
    ["page", () => damage((bytes) => bytes.fill(0xff, 4096, 4096 + 64))],
    // Stale copies of a row may lie in unused parts of a page, so every copy is damaged.
    [
      "value of a row",
      () =>
        damage((bytes) => {
          for (let at = bytes.indexOf("needle-7-"); at >= 0; at = bytes.indexOf("needle-7-", at + 1))
            bytes[at + 3]! ^= 0x01;
        }),
    ],
    ["value in the history", () => sql("UPDATE history SET body = replace(body, 'needle-7-', 'needle-8-')")],
    ["lost row", () => sql("DELETE FROM objects WHERE name = 'c3'")],
    ["lost history", () => sql("DELETE FROM history WHERE revision = 9")],
    ["lost state", () => sql("DELETE FROM state")],
    ["state", () => sql("UPDATE state SET revision = revision - 1")],
    ["row of another name", () => sql("UPDATE objects SET name = 'c99' WHERE name = 'c3'")],
    ["everything", () => writeFileSync(path, Buffer.alloc(8192, 7))],
  ])("is refused with its path (%s), and left as it is", (_what, harm) => {
    filled();
    open();
    harm();
    const bytes = readFileSync(path);
    expect(open).toThrow(CorruptStore);
    expect(open).toThrow(path);
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });
});

/** The machine as it is after a kill -9: the files of an open store, elsewhere. */
function crashed(): string {
  const copy = join(folder, "crashed.db");
  const store = newStore({ path });
  for (let index = 0; index < 10; index++)
    store.create(kinds.ConfigMap, configMap(`c${index}`, { value: `v${index}` }));
  for (const suffix of ["", "-wal", "-mark"]) copyFileSync(`${path}${suffix}`, `${copy}${suffix}`);
  store.close();
  return copy;
}

describe("a store after a kill", () => {
  it("has every change again", () => {
    const store = newStore({ path: crashed() });
    expect(store.list(kinds.ConfigMap).items).toHaveLength(10);
    store.close();
  });

  it.each(["first", "last"])("notices a damaged log (%s change)", (which) => {
    const copy = crashed();
    const wal = readFileSync(`${copy}-wal`);
    const at = which === "first" ? wal.indexOf('"v0"') : wal.lastIndexOf('"v9"');
    wal[at + 2]! ^= 0x01;
    writeFileSync(`${copy}-wal`, wal);
    expect(() => newStore({ path: copy })).toThrow(/written up to revision \d+ and ends at \d+/);
    rmSync(`${copy}-mark`);
    const store = newStore({ path: copy });
    expect(store.list(kinds.ConfigMap).items.length).toBeLessThan(10);
    store.close();
  });

  it("takes what a power failure left", () => {
    const copy = crashed();
    const mark = new CommitMark(copy, "another-run-of-the-machine");
    mark.write(1000);
    mark.close();
    newStore({ path: copy }).close();
  });

  it("doesn't begin anew when its file is gone", () => {
    newStore({ path }).close();
    rmSync(path);
    expect(() => newStore({ path })).toThrow(/is gone, though there was one/);
  });
});
