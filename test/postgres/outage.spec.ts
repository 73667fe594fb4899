import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openPostgresStore, type OpenPostgresOptions } from "../../src/store/open-postgres-store.ts";
import type { Change, ObjectBody, Store } from "../../src/store/store.ts";
import { StoreUnavailable } from "../../src/store/store-error.ts";
import { eventually } from "../harness/eventually.ts";
import { LooseWire } from "./loose-wire.ts";
import { password, PostgresServer } from "./postgres-server.ts";

const app = (name: string, spec: Record<string, unknown> = {}): ObjectBody => ({
  apiVersion: "quipu.dev/v1",
  kind: "App",
  metadata: { name },
  spec,
});

let server: PostgresServer;
beforeAll(async () => {
  server = await PostgresServer.start();
});
afterAll(() => server.stop());

describe("a connection to PostgreSQL that is lost", () => {
  let url: string;
  let opened: Store[];
  let troubles: string[];
  const open = async (at = url, options: OpenPostgresOptions = {}): Promise<Store> => {
    const trouble = (error: unknown) => void troubles.push((error as Error).message);
    const { store } = await openPostgresStore(at, { trouble, ...options });
    opened.push(store);
    return store;
  };
  beforeEach(async () => {
    url = await server.database();
    opened = [];
    troubles = [];
  });
  afterEach(async () => {
    await Promise.all(opened.map((store) => store.close()));
    const told = troubles.filter((text) => text.includes(password) || text.includes(encodeURIComponent(password)));
    if (told.length > 0) throw new Error(`the password was said: ${told[0]}`);
  });

  it("in the middle of a transaction leaves nothing half done, and the next one goes on", async () => {
    const store = await open();
    await store.write((tx) => tx.put(app("before")));
    const cut = store.write(async (tx) => {
      await tx.put(app("half"));
      await tx.putRoster({
        app: "half",
        segment: "s",
        team: "t",
        revisions: [],
        ports: [],
        edges: {},
        outside: [],
        consents: [],
        hosts: [],
      });
      expect(await server.killSessions(url, "state = 'idle in transaction'")).toBe(1);
      await tx.appendJournal("half", 1, "accept", {});
    });
    await expect(cut).rejects.toMatchObject({ name: "StoreUnavailable", committed: "no" });
    expect(await store.read((tx) => tx.get("App", "half"))).toBeUndefined();
    expect(await store.read((tx) => tx.openReleases())).toEqual([]);
    expect(store.inForce()).toMatchObject({ revision: 1, rosters: new Map() });
    expect(await store.write((tx) => tx.put(app("after")))).toMatchObject({ revision: 2 });
    expect(store.failure).toBeUndefined();
  });

  it("between two transactions isn't noticed by who reads and writes, and what others wrote meanwhile is heard", async () => {
    const [one, two] = [await open(), await open()];
    const heard: number[] = [];
    two.onInForce((view) => heard.push(view.revision));
    const seen: number[] = [];
    two.onSeen(({ applied }) => seen.push(applied));
    for (let n = 1; n <= 3; n++) {
      expect(await server.killSessions(url)).toBeGreaterThan(1);
      await one.write((tx) => tx.putLane({ app: "a", cluster: "lima", kind: "reach", lead: String(n) }));
      await one.putSeen({ cluster: "lima", applied: n, ready: {}, at: n });
      await eventually(() => {
        expect(heard.at(-1)).toBe(n);
        expect(two.inForce().lanes.get("lima")!.get("a")!.value).toMatchObject({ lead: String(n) });
        expect(seen.at(-1)).toBe(n);
      });
    }
    expect(troubles.join()).toMatch(/can't be (reached|used for now)/);
  });

  it.each(["before", "after"] as const)("around the commit (%s it) is told as what it came to", async (cut) => {
    const wire = await LooseWire.to(server.port);
    const through = new URL(url);
    through.port = String(wire.port);
    try {
      const store = await open(through.href);
      await store.write((tx) => tx.put(app("first")));
      wire.cut = cut;
      const write = store.write((tx) => tx.put(app("second")));
      if (cut === "after") expect(await write).toMatchObject({ revision: 2 });
      else
        await expect(write).rejects.toMatchObject({
          committed: "no",
          message: expect.stringContaining("undone") as string,
        });
      expect(wire.cuts).toBe(1);
      const done = cut === "after" ? 2 : 1;
      expect(store.inForce().revision).toBe(done);
      expect(await store.read((tx) => tx.list("App"))).toMatchObject({ total: done, revision: done });
      wire.cut = cut;
      await store.putSeen({ cluster: "lima", applied: 7, ready: {}, at: 1 });
      expect(wire.cuts).toBe(2);
      expect((await open()).seen().get("lima")).toMatchObject({ applied: 7 });
    } finally {
      await Promise.all(opened.splice(0).map((store) => store.close()));
      await wire.close();
    }
  });

  it("again and again under load: every answer is true, every watcher sees each revision once", async () => {
    const stores = [await open(), await open()];
    const stop = new AbortController();
    const seen: Change[][] = stores.map(() => []);
    const watching = stores.map(async (store, n) => {
      for await (const change of store.watch(0, stop.signal)) seen[n]!.push(change);
    });
    const done: string[] = [];
    const undone: string[] = [];
    const enough = new AbortController();
    const writers = [...stores, ...stores].map(async (store, writer) => {
      for (let n = 0; !enough.signal.aborted; n++) {
        const name = `w${writer}-${n}`;
        try {
          await store.write(async (tx) => {
            await tx.put(app(name));
            await tx.put(app(`last-${writer}`, { n }));
          });
          done.push(name);
        } catch (error) {
          expect(error).toBeInstanceOf(StoreUnavailable);
          expect((error as StoreUnavailable).committed).toBe("no");
          undone.push(name);
        }
      }
    });
    const progress = async (): Promise<void> => {
      const before = done.length;
      await eventually(() => expect(done.length).toBeGreaterThan(before), 60_000);
    };
    for (let n = 0; n < 10 || undone.length < 3; n++) {
      await progress();
      await server.killSessions(url, n % 2 === 0 ? "true" : "state <> 'idle'");
    }
    // And its whole server, twice.
    for (let n = 0; n < 2; n++) {
      await progress();
      await server.down();
      await server.up();
    }
    await progress();
    enough.abort();
    await Promise.all(writers);
    const { names, changes } = await stores[0]!.read(async (tx) => ({
      names: (await tx.all("App")).map(({ name }) => name),
      changes: await tx.changes(0, 100_000),
    }));
    expect(names.filter((name) => name.startsWith("w")).toSorted()).toEqual(done.toSorted());
    expect([...new Set(changes.map(({ revision }) => revision))]).toEqual(done.map((_, n) => n + 1));
    await eventually(() => {
      for (const each of seen) expect(each.length).toBe(changes.length);
    });
    stop.abort();
    await Promise.all(watching);
    for (const each of seen) expect(each).toEqual(changes);
  });

  it("and stays lost: reads and writes fail after a while, in words that name the database, and work when it is back", async () => {
    const store = await open(url, { patienceMs: 300 });
    await store.write((tx) => tx.put(app("a")));
    const observed: Promise<void>[] = [];
    await server.down();
    try {
      const gone = { name: "StoreUnavailable", message: expect.stringContaining(new URL(url).pathname) as string };
      await expect(store.read((tx) => tx.revision())).rejects.toMatchObject(gone);
      await expect(store.write((tx) => tx.put(app("b")))).rejects.toMatchObject({ ...gone, committed: "no" });
      observed.push(store.putSeen({ cluster: "lima", applied: 3, ready: {}, at: 1 }));
    } finally {
      await server.up();
    }
    expect(await store.write((tx) => tx.put(app("c")))).toMatchObject({ revision: 2 });
    await Promise.all(observed);
    expect(store.seen().get("lima")).toMatchObject({ applied: 3 });
    expect(store.failure).toBeUndefined();
  });
});
