import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Kysely } from "kysely";
import { openSqliteStore } from "./open-sqlite-store.ts";
import type { Tables } from "./schema.ts";
import { SqlStore } from "./sql-store.ts";
import { sqliteGround } from "./sqlite-ground.ts";
import { nodeSqliteDialect, openSqlite } from "./sqlite-dialect.ts";
import { asStoreFailure } from "./store-error.ts";
import type { ObjectBody } from "./store.ts";

const app = (name: string, note = ""): ObjectBody => ({
  apiVersion: "quipu.dev/v1",
  kind: "App",
  metadata: { name },
  spec: { team: "t", segment: "money", note },
});

describe("a damaged or full store", () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "quipu-damage-"));
    path = join(folder, "quipu.db");
    const store = await openSqliteStore(path);
    for (let n = 0; n < 60; n++) await store.write((tx) => tx.put(app(`app-${n}`, "needle".repeat(20))));
    await store.write((tx) => tx.appendAudit({ who: "ana", what: "put", subject: "App/app-1" }));
    await store.close();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const flip = (at: number, bits = 0xff) => {
    const bytes = readFileSync(path);
    bytes[at]! ^= bits;
    writeFileSync(path, bytes);
  };

  it.each([0, 15, 16, 18, 19, 20, 21, 28, 47, 56, 59, 63, 68, 80])(
    "a flipped byte %i of the header stops the start",
    async (at) => {
      flip(at, at === 28 ? 0x7f : 0xff);
      await expect(openSqliteStore(path)).rejects.toMatchObject({
        name: "StoreFailure",
        code: expect.stringMatching(/store-(corrupt|unreadable)/) as string,
      });
    },
  );

  it("any flipped byte of any page is noticed at the start, or changes nothing that is kept", async () => {
    const whole = readFileSync(path);
    const copy = join(folder, "copy.db");
    writeFileSync(`${copy}.begun`, "");
    copyFileSync(path, copy);
    const before = await dump(copy);
    let noticed = 0;
    const tries = 120;
    for (let n = 0; n < tries; n++) {
      const bytes = Buffer.from(whole);
      bytes[100 + Math.floor(((whole.length - 100) * n) / tries)]! ^= 1 << (n % 8);
      for (const end of ["-wal", "-shm"]) rmSync(`${copy}${end}`, { force: true });
      writeFileSync(copy, bytes);
      try {
        expect(await dump(copy)).toEqual(before);
      } catch (error) {
        if ((error as Error).name !== "StoreFailure") throw error;
        noticed += 1;
      }
    }
    expect(noticed).toBeGreaterThan(tries / 4);
  });

  async function dump(file: string): Promise<unknown> {
    const store = await openSqliteStore(file);
    try {
      return await store.read(async (tx) => ({
        apps: await tx.all("App"),
        audit: await tx.audit(),
        changes: await tx.changes(0, 10_000),
        revision: await tx.revision(),
      }));
    } finally {
      await store.close();
    }
  }

  it("a changed text inside a row stops the start", async () => {
    // Pages keep stale copies of moved rows: all copies are changed, so that the live one is among them.
    const bytes = readFileSync(path);
    for (let at = bytes.indexOf("app-37"); at >= 0; at = bytes.indexOf("app-37", at + 1)) bytes[at + 5]! ^= 0x01;
    writeFileSync(path, bytes);
    await expect(openSqliteStore(path)).rejects.toMatchObject({ code: "store-corrupt" });
  });

  it("an audit entry taken out by hand stops the start", async () => {
    const store = await openSqliteStore(path);
    for (const subject of ["App/a", "App/b"])
      await store.write((tx) => tx.appendAudit({ who: "ana", what: "put", subject }));
    await store.close();
    const database = new DatabaseSync(path);
    database.exec("DELETE FROM audit WHERE seq = 2");
    database.close();
    await expect(openSqliteStore(path)).rejects.toMatchObject({
      code: "store-corrupt",
      message: expect.stringContaining("entry 2") as string,
    });
  });

  it("damage found while running stops everything after it", async () => {
    const db = new Kysely<Tables>({ dialect: nodeSqliteDialect(openSqlite(path)) });
    const store = await SqlStore.open(sqliteGround(db), {
      now: Date.now,
      asFailure: (error) => asStoreFailure(error, path),
    });
    const failures: string[] = [];
    store.onFailure((failure) => failures.push(failure.code));
    await db.updateTable("objects").set({ body: "{}" }).where("name", "=", "app-7").execute();
    expect(await store.read((tx) => tx.get("App", "app-8"))).toBeDefined();
    await expect(store.read((tx) => tx.get("App", "app-7"))).rejects.toMatchObject({ code: "store-corrupt" });
    await expect(store.write((tx) => tx.put(app("later")))).rejects.toMatchObject({ code: "store-corrupt" });
    expect(failures).toEqual(["store-corrupt"]);
    await store.close();
  });

  it.each(["emptied", "gone", "cut"] as const)("a store that is %s is not begun anew", async (how) => {
    if (how === "emptied") truncateSync(path, 0);
    if (how === "gone") rmSync(path);
    if (how === "cut") truncateSync(path, 8192);
    await expect(openSqliteStore(path)).rejects.toMatchObject({
      code: how === "cut" ? "store-corrupt" : "store-missing",
    });
  });

  it("a second process is told that the store is in use", async () => {
    const store = await openSqliteStore(path);
    await store.write((tx) => tx.put(app("x")));
    await expect(openSqliteStore(path, { busyTimeoutMs: 10 })).rejects.toMatchObject({ code: "store-in-use" });
    await store.close();
  });

  it("another program's database is refused", async () => {
    const other = join(folder, "other.db");
    const database = new DatabaseSync(other);
    database.exec("CREATE TABLE t (x)");
    database.close();
    await expect(openSqliteStore(other)).rejects.toMatchObject({ code: "store-corrupt" });
  });

  it("a full file undoes the write whole, stops the store, and what was there before is there after", async () => {
    const pages = Math.ceil(readFileSync(path).length / 4096);
    const store = await openSqliteStore(path, { maxPages: pages + 4 });
    const failures: string[] = [];
    store.onFailure((failure) => failures.push(failure.code));
    let count = 0;
    const fill = async () => {
      for (; count < 1000; count++)
        await store.write(async (tx) => {
          await tx.put(app(`one-${count}`, "x".repeat(3000)));
          await tx.put(app(`two-${count}`, "x".repeat(3000)));
        });
    };
    await expect(fill()).rejects.toMatchObject({
      code: "store-full",
      message: expect.stringContaining("Make room") as string,
    });
    expect(failures).toEqual(["store-full"]);
    await expect(store.read((tx) => tx.revision())).rejects.toMatchObject({ code: "store-full" });
    await store.close();
    const again = await openSqliteStore(path);
    const names = (await again.read((tx) => tx.all("App"))).map((item) => item.name);
    expect(names.filter((name) => name.startsWith("one-"))).toHaveLength(count);
    expect(names.filter((name) => name.startsWith("two-"))).toHaveLength(count);
    await again.close();
  });

  it("a real size limit of the process does the same", async () => {
    const script = `
      import { openSqliteStore } from ${JSON.stringify(new URL("./open-sqlite-store.ts", import.meta.url).href)};
      const store = await openSqliteStore(${JSON.stringify(path)});
      try { for (let n = 0; n < 5000; n++) await store.write((tx) => tx.put({ apiVersion: "quipu.dev/v1", kind: "App", metadata: { name: "big-" + n }, spec: { note: "x".repeat(20000) } })); }
      catch (error) { console.log(error.code); process.exit(3); }
    `;
    const run = spawnSync(
      "/bin/sh",
      ["-c", `ulimit -f 4096; exec "$0" --input-type=module -e "$1"`, process.execPath, script],
      { encoding: "utf8" },
    );
    expect(run.stdout.trim()).toBe("store-full");
    expect(run.status).toBe(3);
    const again = await openSqliteStore(path);
    const kept = await again.read((tx) => tx.list("App", { q: "big-" }));
    expect(kept.total).toBeGreaterThan(10);
    expect(kept.total).toBe((await again.read((tx) => tx.revision())) - 60);
    await again.close();
  });
});
