import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Lane } from "../model/rows.ts";
import type { Change, ObjectBody, Store } from "./store.ts";
import { RevisionConflict } from "./store-error.ts";
import type { Opened } from "./store.suite.ts";

const app = (name: string, spec: Record<string, unknown> = {}): ObjectBody => ({
  apiVersion: "quipu.dev/v1",
  kind: "App",
  metadata: { name },
  spec,
});
const lane = (name: string, cluster: string, lead = "bogota"): Lane => ({ app: name, cluster, kind: "reach", lead });
const place = ({ revision, seq }: Change): string => `${revision}.${seq}`;

/** Everything that a watch says up to and including the object `end`. */
async function watched(store: Store, from: number, end: string): Promise<Change[]> {
  const stop = new AbortController();
  const seen: Change[] = [];
  for await (const change of store.watch(from, stop.signal)) {
    seen.push(change);
    if (change.name === end) stop.abort();
  }
  return seen;
}

/** Reads until it holds: what one handle wrote reaches the others in its own time. */
async function comes(holds: () => void): Promise<void> {
  for (let tries = 0; ; tries++)
    try {
      return holds();
    } catch (error) {
      if (tries > 500) throw error;
      await new Promise((resolve) => void setTimeout(resolve, 20));
    }
}

/**
 * What holds when many write and watch at once: on several handles of the same data where a database has that, else on one.
 * Of a watcher it is asked that it sees each revision once, in order, without gaps, whatever else happens.
 */
export function storeRacesSuite(label: string, open: () => Promise<Opened>): void {
  describe(label, () => {
    let held: Opened;
    let handles: Store[];
    beforeEach(async () => {
      held = await open();
      handles = [held.store];
      for (let n = 1; n < 4; n++) handles.push((await held.another?.()) ?? held.store);
    });
    afterEach(() => held.remove());

    const all = (): Promise<Change[]> => handles[0]!.read((tx) => tx.changes(0, 100_000));

    it("each watcher sees every revision once, in order and without gaps, whoever writes", async () => {
      const early = handles.map((store) => watched(store, 0, "end"));
      const late: Promise<Change[]>[] = [];
      await Promise.all(
        handles.map(async (store, writer) => {
          for (let n = 0; n < 20; n++) {
            await store.write(async (tx) => {
              await tx.put(app(`own-${writer}`, { n }));
              await tx.putLane(lane(`own-${writer}`, "lima", `lead-${n}`));
              if (n % 5 === 0) await tx.put(app("shared", { writer, n }));
            });
            if (n === 10) late.push(watched(store, (await store.read((tx) => tx.revision())) - 3, "end"));
          }
        }),
      );
      await handles[0]!.write((tx) => tx.put(app("end")));
      const changes = await all();
      const revisions = [...new Set(changes.map(({ revision }) => revision))];
      expect(revisions).toEqual(Array.from({ length: 81 }, (_, n) => n + 1));
      for (const seen of await Promise.all(early)) expect(seen).toEqual(changes);
      for (const seen of await Promise.all(late)) {
        expect(seen.length).toBeGreaterThan(1);
        expect(seen).toEqual(changes.filter((change) => change.revision >= seen[0]!.revision));
      }
    });

    it("of writers that expect the same revision one wins, and no update is lost", async () => {
      const count = async (store: Store): Promise<number> => {
        for (let conflicts = 0; ; conflicts++)
          try {
            const found = await store.read((tx) => tx.get("App", "counter"));
            const { n = 0 } = (found?.body.spec ?? {}) as { n?: number };
            await store.write((tx) => tx.put(app("counter", { n: n + 1 }), { expected: found?.revision ?? 0 }));
            return conflicts;
          } catch (error) {
            if (!(error instanceof RevisionConflict)) throw error;
          }
      };
      const conflicts = await Promise.all(handles.flatMap((store) => Array.from({ length: 6 }, () => count(store))));
      expect(await handles[1]!.read((tx) => tx.get("App", "counter"))).toMatchObject({
        generation: 24,
        revision: 24,
        body: { spec: { n: 24 } },
      });
      expect(conflicts.some((each) => each > 0)).toBe(true);
    });

    it("journals and the audit trail have no gaps, whoever appends", async () => {
      await Promise.all(
        handles.flatMap((store, writer) =>
          Array.from({ length: 8 }, () =>
            store.write(async (tx) => {
              await tx.appendJournal("a", 1, "step", { writer });
              await tx.appendAudit({ who: `w${writer}`, what: "put", subject: "App/a" });
            }),
          ),
        ),
      );
      const numbers = Array.from({ length: 32 }, (_, n) => n + 1);
      expect((await handles[0]!.read((tx) => tx.journal("a", 1))).map(({ seq }) => seq)).toEqual(numbers);
      const audit = await handles[1]!.read((tx) => tx.audit());
      expect(audit.map(({ seq }) => seq)).toEqual(numbers);
      for (const [at, entry] of audit.entries()) expect(entry.previous).toBe(audit[at - 1]?.hash ?? "");
      held.store = await held.reopen();
    });

    it("every handle comes to the same view of what is in force, and a write looks at the newest", async () => {
      const heard = handles.map((store) => {
        const revisions: number[] = [];
        store.onInForce((view) => revisions.push(view.revision));
        return revisions;
      });
      await Promise.all(
        handles.map(async (store, writer) => {
          for (let n = 0; n < 12; n++)
            await store.write(async (tx) => {
              // Counts up from what is in force when the transaction begins.
              const before = tx.inForce.lanes.get("lima")?.get("counted")?.value as { lead: string } | undefined;
              await tx.putLane(lane("counted", "lima", String(Number(before?.lead ?? 0) + 1)));
              await tx.putSnapshot({
                hash: `${writer}.${n}`,
                content: { part: "scale", value: { min: 1, max: n + 1, targetCPU: 70 } },
              });
              if (n % 3 === 0) await tx.deleteLane(`own-${writer}`, "bogota");
              else await tx.putLane(lane(`own-${writer}`, "bogota"));
            });
        }),
      );
      await comes(() => {
        for (const store of handles) expect(store.inForce().revision).toBe(48);
      });
      held.store = await held.reopen();
      const truth = held.store.inForce();
      expect(truth.lanes.get("lima")!.get("counted")!.value).toMatchObject({ lead: "48" });
      expect(truth.snapshots.size).toBe(48);
      const lanes = (store: Store) =>
        [...store.inForce().lanes].map(([cluster, apps]) => [cluster, [...apps].toSorted()] as const).toSorted();
      for (const store of handles) {
        expect(lanes(store)).toEqual(lanes(held.store));
        expect(new Map([...store.inForce().snapshots].toSorted())).toEqual(new Map([...truth.snapshots].toSorted()));
      }
      for (const revisions of heard) {
        expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
        expect(new Set(revisions).size).toBe(revisions.length);
        expect(revisions.at(-1)).toBe(48);
      }
    });

    it("an observation reaches every handle, the latest last", async () => {
      const heard = handles.map((store) => {
        const applied: number[] = [];
        store.onSeen((seen) => applied.push(seen.applied));
        return applied;
      });
      await Promise.all(
        Array.from({ length: 30 }, (_, n) =>
          handles[0]!.putSeen({ cluster: "lima", applied: n + 1, ready: {}, at: n }),
        ),
      );
      await comes(() => {
        for (const store of handles) expect(store.seen().get("lima")).toMatchObject({ applied: 30 });
      });
      for (const applied of heard) expect(applied).toEqual(applied.toSorted((a, b) => a - b));
    });

    it("sorts by code unit, whatever the language of the database", async () => {
      const names = ["a", "B", "a-b", "ab", "aB", "é", "z", "a.b", "_"];
      await handles[0]!.write(async (tx) => {
        for (const name of names) await tx.put(app(name));
      });
      const listed = await handles[1]!.read((tx) => tx.list("App"));
      expect(listed.items.map(({ name }) => name)).toEqual(names.toSorted());
      expect((await handles[1]!.read((tx) => tx.all("App"))).map(({ name }) => name)).toEqual(names.toSorted());
    });

    it("random histories: what is answered, listed, watched and kept tells one story", async () => {
      const step = fc.record({
        handle: fc.nat(3),
        app: fc.nat(2),
        /** How far behind the newest revision of the app, if any was expected at all; 9: that there is none. */
        expected: fc.constantFrom(undefined, 0, 0, 0, 1, 9),
        what: fc.constantFrom("put", "put", "put", "delete", "undo", "two"),
        value: fc.nat(3),
      });
      let round = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 25 }), async (steps) => {
          const mine = `r${(round += 1)}`;
          const end = `${mine}-end`;
          const base = await handles[0]!.read((tx) => tx.revision());
          const watching = handles.map((store, n) => watched(store, Math.max(base - n, 0), end));
          const outcomes = await Promise.all(
            steps.map(async ({ handle, app: which, expected: behind, what, value }) => {
              const store = handles[handle]!;
              const name = `${mine}-${which}`;
              const stands = (await store.read((tx) => tx.get("App", name)))?.revision ?? 0;
              const expected = behind === undefined ? undefined : behind === 9 ? 0 : Math.max(stands - behind, 0);
              const options = expected === undefined ? {} : { expected };
              try {
                const written = await store.write(async (tx) => {
                  const answer =
                    what === "delete"
                      ? await tx.delete("App", name, expected)
                      : await tx.put(app(name, { value }), options);
                  if (what === "two") await tx.put(app(`${name}-two`, { value, at: tx.next }));
                  if (what === "undo") throw new Error("undone");
                  return answer;
                });
                return { name, what, expected, written };
              } catch (error) {
                if (error instanceof RevisionConflict) return { name, what, expected, conflict: error };
                expect((error as Error).message).toBe("undone");
                return undefined;
              }
            }),
          );
          await handles[0]!.write((tx) => tx.put(app(end)));
          const story = await handles[1]!.read((tx) => tx.changes(base, 100_000));
          // Without gaps, and seen so by everybody.
          expect([...new Set(story.map(({ revision }) => revision))]).toEqual(
            Array.from({ length: new Set(story.map(({ revision }) => revision)).size }, (_, n) => base + 1 + n),
          );
          for (const seen of await Promise.all(watching))
            expect(seen.filter(({ revision }) => revision > base).map(place)).toEqual(story.map(place));
          // Each answer fits into it.
          const revisionsOf = (name: string) => story.filter((change) => change.name === name);
          for (const outcome of outcomes) {
            if (outcome === undefined) continue;
            const { name, what, expected, written, conflict } = outcome;
            const before = (revision: number) => {
              const last = revisionsOf(name).findLast((change) => change.revision < revision);
              return last === undefined || last.body === null ? 0 : last.revision;
            };
            if (conflict !== undefined) {
              expect(conflict.actual ?? 0).not.toBe(expected);
              if (conflict.actual !== undefined)
                expect(revisionsOf(name).map(({ revision }) => revision)).toContain(conflict.actual);
            } else if (what !== "delete" && expected !== undefined) {
              // A put that changed nothing answers what stood there, which was expected.
              const { revision } = written!;
              expect([before(revision), revision]).toContain(expected);
            }
          }
          // What stands is what the story ends with.
          for (const name of new Set(story.map((change) => change.name))) {
            const stands = await handles[2]!.read((tx) => tx.get("App", name));
            const last = revisionsOf(name).at(-1)!;
            expect(stands?.body ?? null).toEqual(last.body);
            if (stands !== undefined) expect(stands.revision).toBe(last.revision);
          }
        }),
        { numRuns: 15 },
      );
    });
  });
}
