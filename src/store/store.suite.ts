import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Lane, Roster } from "../model/rows.ts";
import type { Change, ObjectBody, Store } from "./store.ts";
import { RevisionConflict } from "./store-error.ts";

const app = (name: string, spec: Record<string, unknown> = {}, labels?: Record<string, string>): ObjectBody => ({
  apiVersion: "quipu.dev/v1",
  kind: "App",
  metadata: { name, ...(labels && { labels }) },
  spec: { team: "t1", segment: "money", ...spec },
});
const roster = (name: string): Roster => ({
  app: name,
  segment: "money",
  team: "t1",
  revisions: [],
  ports: [],
  edges: {},
  outside: [],
  consents: [],
  hosts: [],
});
const lane = (name: string, cluster: string): Lane => ({ app: name, cluster, kind: "reach", lead: "bogota" });

export interface Opened {
  store: Store;
  /** Another handle on the same data, as of another process; absent where only one process can hold it. */
  another?(): Promise<Store>;
  reopen(): Promise<Store>;
  remove(): Promise<void>;
}

/**
 * What holds for every database under the store. `reopen` closes the store and opens the same data again. `of: "releases"`:
 * only what releases use of a store: objects, what is in force, observations, journals.
 */
export function storeSuite(
  label: string,
  open: () => Promise<Opened>,
  of: "everything" | "releases" = "everything",
): void {
  const whole = { everything: it, releases: () => undefined }[of];
  describe(label, () => {
    let held: Awaited<ReturnType<typeof open>>;
    let store: Store;
    beforeEach(async () => {
      held = await open();
      store = held.store;
    });
    afterEach(() => held.remove());

    it("keeps an object under the revision of its write, and across a restart", async () => {
      const written = await store.write((tx) => tx.put(app("checkout")));
      expect(written).toMatchObject({ kind: "App", name: "checkout", revision: 1, generation: 1 });
      store = await held.reopen();
      expect(await store.read((tx) => tx.get("App", "checkout"))).toEqual(written);
      expect(await store.read((tx) => tx.revision())).toBe(1);
    });

    it("writes nothing when nothing changes, and counts a generation only when the spec does", async () => {
      await store.write((tx) => tx.put(app("checkout")));
      expect(await store.write((tx) => tx.put(app("checkout")))).toMatchObject({ revision: 1 });
      expect(await store.write((tx) => tx.put(app("checkout", {}, { tier: "critical" })))).toMatchObject({
        revision: 2,
        generation: 1,
      });
      expect(await store.write((tx) => tx.put(app("checkout", { calls: [] })))).toMatchObject({
        revision: 3,
        generation: 2,
      });
    });

    it("refuses a write on another revision than expected, telling both, and undoes the whole transaction", async () => {
      await store.write((tx) => tx.put(app("checkout"), { expected: 0 }));
      await expect(store.write((tx) => tx.put(app("checkout", { x: 1 }), { expected: 0 }))).rejects.toMatchObject({
        expected: 0,
        actual: 1,
      });
      await expect(
        store.write(async (tx) => {
          await tx.put(app("other"));
          await tx.delete("App", "checkout", 7);
        }),
      ).rejects.toBeInstanceOf(RevisionConflict);
      expect(await store.read((tx) => tx.get("App", "other"))).toBeUndefined();
      expect(await store.read((tx) => tx.revision())).toBe(1);
      expect(await store.write((tx) => tx.put(app("checkout", { x: 2 }), { expected: 1 }))).toMatchObject({
        revision: 2,
      });
    });

    it("two writers with the same expectation: one wins", async () => {
      await store.write((tx) => tx.put(app("checkout")));
      const results = await Promise.allSettled(
        [1, 2].map((x) => store.write((tx) => tx.put(app("checkout", { x }), { expected: 1 }))),
      );
      expect(results.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected"]);
    });

    whole("lists by page in order, filtered, with the total, unmoved by what is written between pages", async () => {
      await store.write(async (tx) => {
        for (let n = 0; n < 25; n++)
          await tx.put(
            app(
              `app-${String(n).padStart(2, "0")}`,
              { team: n % 2 === 0 ? "even" : "odd", segment: n < 10 ? "food" : "money" },
              { tier: n === 7 ? "Critical" : "low" },
            ),
            { clusters: n % 5 === 0 ? ["bogota", "lima"] : ["lima"] },
          );
      });
      const first = await store.read((tx) => tx.list("App", { limit: 10 }));
      expect(first).toMatchObject({ total: 25, revision: 1 });
      expect(first.items.map((item) => item.name).at(-1)).toBe("app-09");
      await store.write((tx) => tx.put(app("app-001")));
      const second = await store.read((tx) => tx.list("App", { limit: 10, continue: first.continue! }));
      expect(second.items[0]!.name).toBe("app-10");
      const third = await store.read((tx) => tx.list("App", { limit: 10, continue: second.continue! }));
      expect(third.items).toHaveLength(5);
      expect(third.continue).toBeUndefined();
      const names = async (query: Parameters<Parameters<Parameters<Store["read"]>[0]>[0]["list"]>[1]) =>
        (await store.read((tx) => tx.list("App", query))).items.map((item) => item.name);
      expect(await names({ team: "odd", segment: "food" })).toEqual(["app-01", "app-03", "app-05", "app-07", "app-09"]);
      expect(await names({ cluster: "bogota", sort: "-name" })).toEqual([
        "app-20",
        "app-15",
        "app-10",
        "app-05",
        "app-00",
      ]);
      expect(await names({ q: "critical" })).toEqual(["app-07"]);
      for (const q of ["%", "_", "\\", "app_07", "app-0\\7"]) expect(await names({ q })).toEqual([]);
    });

    whole(
      "keeps the team and segment of a Release, which its spec doesn't say, when its status is written",
      async () => {
        const release = (phase: string) => ({
          apiVersion: "quipu.dev/v1",
          kind: "Release",
          metadata: { name: "checkout-r1" },
          spec: { app: "checkout", number: 1 },
          status: { phase },
        });
        await store.write((tx) => tx.put(release("waiting"), { expected: 0, team: "t1", segment: "money" }));
        await store.write((tx) => tx.put(release("finished")));
        for (const query of [{ team: "t1" }, { segment: "money" }, { owner: "checkout" }])
          expect(await store.read((tx) => tx.list("Release", query))).toMatchObject({ total: 1 });
      },
    );

    whole("sorts by another field both ways and pages through ties without loss", async () => {
      await store.write(async (tx) => {
        for (let n = 0; n < 12; n++) await tx.put(app(`a${n}`, { team: n % 3 === 0 ? "x" : "y" }));
      });
      for (const sort of ["team", "-team", "updated", "-updated", "segment"] as const) {
        const seen: string[] = [];
        let token: string | undefined;
        do {
          const page = await store.read((tx) =>
            tx.list("App", { limit: 5, sort, ...(token !== undefined && { continue: token }) }),
          );
          seen.push(...page.items.map((item) => item.name));
          token = page.continue;
        } while (token !== undefined);
        expect(new Set(seen).size).toBe(12);
      }
      await expect(store.read((tx) => tx.list("App", { continue: "nonsense" }))).rejects.toMatchObject({
        code: "bad-format",
        field: "continue",
      });
    });

    whole("remembers every write of an object, newest first, its deletion too", async () => {
      await store.write((tx) => tx.put(app("checkout")));
      await store.write((tx) => tx.put(app("checkout", { x: 1 })));
      await store.write((tx) => tx.delete("App", "checkout"));
      const history = await store.read((tx) => tx.history("App", "checkout"));
      expect(history.map((change) => [change.revision, change.body === null])).toEqual([
        [3, true],
        [2, false],
        [1, false],
      ]);
    });

    whole("watches from a revision: what was, then what comes, in order and once each", async () => {
      await store.write((tx) => tx.put(app("a")));
      await store.write((tx) => tx.put(app("b")));
      const stop = new AbortController();
      const seen: Change[] = [];
      const done = (async () => {
        for await (const change of store.watch(1, stop.signal)) {
          seen.push(change);
          if (seen.length === 3) stop.abort();
        }
      })();
      await store.write((tx) => tx.put(app("c")));
      await store.write((tx) => tx.delete("App", "a"));
      await done;
      expect(seen.map((change) => [change.revision, change.name, change.body === null])).toEqual([
        [2, "b", false],
        [3, "c", false],
        [4, "a", true],
      ]);
    });

    whole("ends a watch when it is aborted or the store closes", async () => {
      const stop = new AbortController();
      const ended = (async () => {
        for await (const _ of store.watch(0, stop.signal)) void _;
        return "ended";
      })();
      stop.abort();
      expect(await ended).toBe("ended");
      const second = (async () => {
        for await (const _ of store.watch(0, new AbortController().signal)) void _;
        return "ended";
      })();
      await store.read((tx) => tx.revision());
      await store.close();
      expect(await second).toBe("ended");
    });

    it("shows what is in force in views that never change, each row with its revision", async () => {
      await store.write(async (tx) => {
        await tx.putRoster(roster("a"));
        await tx.putLane(lane("a", "lima"));
        await tx.putBase({ segment: "money", cluster: "lima", snapshot: "s" });
      });
      const before = store.inForce();
      const heard: number[] = [];
      const stop = store.onInForce((view) => heard.push(view.revision));
      await store.write(async (tx) => {
        await tx.putLane(lane("b", "lima"));
        await tx.deleteRoster("a");
        await tx.putSnapshot({ hash: "h", content: { part: "scale", value: { min: 1, max: 2, targetCPU: 70 } } });
      });
      await store.write((tx) => tx.put(app("x")));
      stop();
      expect(heard).toEqual([2]);
      expect(before.revision).toBe(1);
      expect([...before.rosters.keys()]).toEqual(["a"]);
      expect([...before.lanes.get("lima")!.keys()]).toEqual(["a"]);
      const after = store.inForce();
      expect(after.revision).toBe(3);
      expect(after.rosters.size).toBe(0);
      expect(after.lanes.get("lima")!.get("a")!.revision).toBe(1);
      expect(after.lanes.get("lima")!.get("b")!.revision).toBe(2);
      store = await held.reopen();
      expect(store.inForce()).toEqual(after);
    });

    it("leaves what is in force alone when a transaction fails", async () => {
      await expect(
        store.write(async (tx) => {
          await tx.putRoster(roster("a"));
          throw new Error("no");
        }),
      ).rejects.toThrow("no");
      expect(store.inForce().rosters.size).toBe(0);
    });

    it("keeps the latest observation without a revision", async () => {
      const heard: number[] = [];
      store.onSeen((seen) => heard.push(seen.applied));
      await store.putSeen({ cluster: "lima", applied: 1, ready: {}, at: 5 });
      await store.putSeen({ cluster: "lima", applied: 2, ready: {}, at: 6 });
      expect(heard).toEqual([1, 2]);
      store = await held.reopen();
      expect(store.seen().get("lima")).toMatchObject({ applied: 2 });
      expect(await store.read((tx) => tx.revision())).toBe(0);
    });

    it("numbers the journal of each release without gaps", async () => {
      await store.write((tx) => tx.appendJournal("a", 1, "widen", { x: 1 }));
      await store.write(async (tx) => {
        await tx.appendJournal("a", 1, "switch", {});
        await tx.appendJournal("a", 2, "widen", {});
      });
      expect((await store.read((tx) => tx.journal("a", 1))).map((entry) => [entry.seq, entry.action])).toEqual([
        [1, "widen"],
        [2, "switch"],
      ]);
      expect(await store.read((tx) => tx.journal("a", 2))).toHaveLength(1);
    });

    it("knows the releases that have not ended", async () => {
      await store.write(async (tx) => {
        for (const n of [1, 2]) await tx.appendJournal("a", n, "accept", {});
        await tx.appendJournal("b", 1, "accept", {});
      });
      await store.write((tx) => tx.appendJournal("a", 1, "end", {}));
      expect(await store.read((tx) => tx.openReleases())).toEqual([
        { app: "a", release: 2 },
        { app: "b", release: 1 },
      ]);
      expect(await store.read((tx) => tx.openReleases("b"))).toEqual([{ app: "b", release: 1 }]);
      expect(await store.read((tx) => tx.lastRelease("a"))).toBe(2);
      expect(await store.read((tx) => tx.lastRelease("c"))).toBe(0);
    });

    whole("keeps a ledger per cluster", async () => {
      await store.write((tx) =>
        tx.putLedger("lima", [
          { key: "v1/Service/money/a", revision: 1, hash: "x" },
          { key: "v1/Service/money/b", revision: 1, hash: "y" },
        ]),
      );
      await store.write(async (tx) => {
        await tx.putLedger("lima", [{ key: "v1/Service/money/a", revision: 2, hash: "z" }]);
        await tx.deleteLedger("lima", ["v1/Service/money/b"]);
      });
      expect(await store.read((tx) => tx.ledger("lima"))).toEqual([
        { key: "v1/Service/money/a", revision: 2, hash: "z" },
      ]);
      expect(await store.read((tx) => tx.ledger("bogota"))).toEqual([]);
    });

    whole("chains the audit trail", async () => {
      for (const what of ["put", "delete", "deploy"])
        await store.write((tx) =>
          tx.appendAudit({ who: "ana", what, subject: "App/a", after: { x: undefined, y: 1 } }),
        );
      const entries = await store.read((tx) => tx.audit());
      expect(entries.map((entry) => entry.seq)).toEqual([1, 2, 3]);
      expect(entries[1]!.previous).toBe(entries[0]!.hash);
      expect(entries[2]!.previous).toBe(entries[1]!.hash);
      expect((await held.reopen(), true)).toBe(true);
    });

    whole("keeps tokens by hash, artifacts by digest and answers by idempotency key", async () => {
      await store.write(async (tx) => {
        await tx.putToken({
          id: "1",
          hash: "h",
          subject: "ana",
          kind: "machine",
          grants: [{ role: "admin" }],
          created: 1,
          expires: null,
          used: null,
        });
        await tx.putArtifact({ digest: "sha256:x", size: 3, app: "a", created: 1, who: "ana" });
        await tx.putIdempotent({ key: "k", requestHash: "r", status: 201, body: { n: 1 }, created: 1 });
      });
      expect(await store.read((tx) => tx.tokenByHash("h"))).toMatchObject({
        subject: "ana",
        grants: [{ role: "admin" }],
      });
      expect(await store.read((tx) => tx.tokenByHash("other"))).toBeUndefined();
      expect(await store.read((tx) => tx.artifact("sha256:x"))).toMatchObject({ size: 3 });
      expect(await store.read((tx) => tx.idempotent("k"))).toMatchObject({ status: 201, body: { n: 1 } });
      await store.write((tx) => tx.deleteToken("1"));
      expect(await store.read((tx) => tx.tokens())).toEqual([]);
    });
  });
}
