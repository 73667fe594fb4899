import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { writeMeta } from "../../src/store/meta-table.ts";
import { openPostgresStore } from "../../src/store/open-postgres-store.ts";
import { openStore } from "../../src/store/open-store.ts";
import { postgresKysely } from "../../src/store/postgres-connections.ts";
import { postgresUrl } from "../../src/store/postgres-url.ts";
import type { ObjectBody, Store } from "../../src/store/store.ts";
import { eventually } from "../harness/eventually.ts";
import { password, PostgresServer } from "./postgres-server.ts";

const app = (name: string): ObjectBody => ({
  apiVersion: "quipu.dev/v1",
  kind: "App",
  metadata: { name },
  spec: { team: "t", segment: "money" },
});

let server: PostgresServer;
let url: string;
let opened: Store[];
beforeAll(async () => {
  server = await PostgresServer.start();
});
afterAll(() => server.stop());
beforeEach(async () => {
  url = await server.database();
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((store) => store.close()));
});

const keep = <T extends Store>(store: T): T => {
  opened.push(store);
  return store;
};
const open = async (at = url, options = {}): Promise<Store> => keep((await openPostgresStore(at, options)).store);
const refused = async (opening: Promise<unknown>): Promise<Error & { code?: string }> => {
  const error = await opening.then(
    () => new Error("it opened"),
    (error: Error) => error,
  );
  for (const secret of [password, encodeURIComponent(password)])
    for (const said of [error.message, error.stack ?? "", JSON.stringify(error)]) expect(said).not.toContain(secret);
  return error;
};

describe("a database that the store can't stand on is refused in its own words", () => {
  it("a wrong password, an unknown database, nobody there", async () => {
    const database = new URL(url).pathname.slice(1);
    expect(await refused(open(server.url(database, "wrong")))).toMatchObject({
      code: "store-unreadable",
      message: expect.stringMatching(/quipu@127.*password authentication failed/) as string,
    });
    expect(await refused(open(server.url("nowhere")))).toMatchObject({
      code: "store-missing",
      message: expect.stringContaining('"nowhere" does not exist') as string,
    });
    const closed = new URL(url);
    closed.port = "1";
    expect(await refused(open(closed.href))).toMatchObject({
      name: "StoreUnavailable",
      message: expect.stringContaining("ECONNREFUSED") as string,
    });
    const away = new URL(url);
    away.hostname = "nowhere.invalid";
    expect(await refused(open(away.href))).toMatchObject({ name: "StoreUnavailable" });
    expect(await refused(open("mysql://quipu@127.0.0.1/quipu"))).toMatchObject({ code: "store-unreadable" });
  });

  it("one that isn't ours to write, has another encoding, or holds another program's tables", async () => {
    await server.admin("create database alien");
    expect(await refused(open(server.url("alien")))).toMatchObject({
      code: "store-unreadable",
      message: expect.stringContaining("must own the database") as string,
    });
    await server.admin(
      "create database ascii owner quipu template template0 encoding 'SQL_ASCII' locale_provider libc locale 'C'",
    );
    expect(await refused(open(server.url("ascii")))).toMatchObject({ code: "store-unsupported" });
    const database = new URL(url).pathname.slice(1);
    await server.admin("create schema quipu authorization quipu; create table quipu.objects (x int)", database);
    expect(await refused(open())).toMatchObject({ code: "store-corrupt" });
    expect(await server.admin("select tablename from pg_tables where schemaname = 'quipu'", database)).toHaveLength(1);
  });

  it("one that a newer Quipu has written, at the start and when it takes over meanwhile", async () => {
    const store = await open();
    await store.write((tx) => tx.put(app("a")));
    const db = postgresKysely(postgresUrl(url), "newer", 1);
    await writeMeta(db, "schema", "99");
    await db.destroy();
    await expect(store.write((tx) => tx.put(app("b")))).rejects.toMatchObject({ code: "store-newer" });
    expect(store.failure?.code).toBe("store-newer");
    expect(await refused(open())).toMatchObject({ code: "store-newer" });
  });

  it("a damaged row stops the start, and what runs when it is read", async () => {
    const store = await open();
    const database = new URL(url).pathname.slice(1);
    for (const name of ["a", "b"]) await store.write((tx) => tx.put(app(name)));
    await server.admin("update quipu.objects set body = replace(body, 'money', 'honey') where name = 'b'", database);
    expect(await refused(open())).toMatchObject({ code: "store-corrupt" });
    expect(await store.read((tx) => tx.get("App", "a"))).toBeDefined();
    await expect(store.read((tx) => tx.get("App", "b"))).rejects.toMatchObject({ code: "store-corrupt" });
    await expect(store.write((tx) => tx.put(app("c")))).rejects.toMatchObject({ code: "store-corrupt" });
  });

  it("an audit entry taken out by hand stops the start", async () => {
    const store = await open();
    for (const subject of ["App/a", "App/b", "App/c"])
      await store.write((tx) => tx.appendAudit({ who: "ana", what: "put", subject }));
    await server.admin("delete from quipu.audit where seq = 2", new URL(url).pathname.slice(1));
    expect(await refused(open())).toMatchObject({
      code: "store-corrupt",
      message: expect.stringContaining("entry 2") as string,
    });
  });

  it("an older copy in the place of the store stops what has seen more", async () => {
    const store = await open();
    for (const name of ["a", "b"]) await store.write((tx) => tx.put(app(name)));
    const db = postgresKysely(postgresUrl(url), "older", 1);
    await writeMeta(db, "revision", "1");
    await db.destroy();
    await expect(store.write((tx) => tx.put(app("c")))).rejects.toMatchObject({ code: "store-replaced" });
  });

  it("texts that PostgreSQL can't keep are the asker's fault, and nothing else breaks", async () => {
    const store = await open();
    await expect(store.read((tx) => tx.get("App", "a\0b"))).rejects.toMatchObject({ code: "bad-format", status: 400 });
    await expect(store.write((tx) => tx.put(app("a\0b")))).rejects.toMatchObject({ code: "bad-format" });
    expect(await store.write((tx) => tx.put({ ...app("a"), spec: { text: "a\0b" } }))).toMatchObject({ revision: 1 });
    expect(await store.read((tx) => tx.get("App", "a"))).toMatchObject({ body: { spec: { text: "a\0b" } } });
  });
});

describe("one server at a time", () => {
  it("a second one is told so, and gets its turn when the first has ended", async () => {
    const first = await open(url, { alone: true });
    expect(await refused(open(url, { alone: true, aloneWaitMs: 300 }))).toMatchObject({ code: "store-in-use" });
    const second = open(url, { alone: true });
    await first.close();
    expect(await (await second).write((tx) => tx.put(app("a")))).toMatchObject({ revision: 1 });
  });

  it("one that lost its connection while another began writes nothing any more", async () => {
    const first = await open(url, { alone: true });
    await first.write((tx) => tx.put(app("a")));
    const failures: string[] = [];
    first.onFailure(({ code }) => failures.push(code));
    // The first connects again too: until the second has it. Before it stands in line it would give up for a lost connection.
    const second = open(url, { alone: true });
    const taken = new AbortController();
    second.then(
      () => taken.abort(),
      () => taken.abort(),
    );
    await eventually(async () => expect(await server.sessions(url, "query like '%try_advisory%'")).toBe(1));
    while (!taken.signal.aborted) {
      await server.killSessions(url, "application_name like 'quipu listener%' and query not like '%try_advisory%'");
      await new Promise((resolve) => void setTimeout(resolve, 60));
    }
    await expect(first.write((tx) => tx.put(app("b")))).rejects.toMatchObject({ code: "store-in-use" });
    expect(failures).toEqual(["store-in-use"]);
    await eventually(async () => {
      expect(await (await second).write((tx) => tx.put(app("c")))).toMatchObject({ name: "c" });
    });
    expect(await (await second).read((tx) => tx.get("App", "b"))).toBeUndefined();
  });
});

describe("a home remembers where its state is", () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "quipu-home-"));
  });
  afterEach(() => rmSync(home, { recursive: true }));
  const openHome = async (database?: string): Promise<Store> =>
    keep(await openStore(home, database === undefined ? {} : { database }));

  it("and goes on there, nowhere else: not in SQLite, nor in another or emptied database", async () => {
    const first = await openHome(url);
    await first.write((tx) => tx.put(app("a")));
    await first.close();
    expect(await (await openHome(url)).read((tx) => tx.get("App", "a"))).toBeDefined();
    await opened.pop()!.close();
    expect(readFileSync(join(home, "postgres.begun"), "utf8")).not.toContain(encodeURIComponent(password));
    expect(await refused(openHome())).toMatchObject({ code: "store-missing" });
    expect(existsSync(join(home, "quipu.db"))).toBe(false);
    const other = await server.database();
    expect(await refused(openHome(other))).toMatchObject({ code: "store-missing" });
    await open(other);
    expect(await refused(openHome(other))).toMatchObject({ code: "store-replaced" });
    await server.admin("drop schema quipu cascade", new URL(url).pathname.slice(1));
    expect(await refused(openHome(url))).toMatchObject({ code: "store-missing" });
  });

  it("one whose state is in SQLite doesn't begin anew in a database", async () => {
    await (await openHome()).close();
    expect(await refused(openHome(url))).toMatchObject({ code: "store-replaced" });
    await openHome();
  });
});
