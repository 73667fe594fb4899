import fc from "fast-check";
import { expect, test } from "vitest";
import { DirtyKeys } from "./dirty-keys.ts";

const fresh = () => new DirtyKeys({ baseMs: 100, maxMs: 1000 }, () => 1);

test("a revision counts as applied when nothing before it is open", () => {
  const dirty = fresh();
  dirty.markWanted("a", 5);
  dirty.markWanted("b", 7);
  expect(dirty.appliedUpTo(7)).toBe(4);
  dirty.done("a", dirty.due(0).get("a")!, 7);
  expect(dirty.appliedUpTo(7)).toBe(6);
  dirty.done("b", dirty.due(0).get("b")!, 7);
  expect(dirty.appliedUpTo(9)).toBe(9);
});

test("drift takes nothing back from what was applied", () => {
  const dirty = fresh();
  dirty.markSeen("a");
  expect(dirty.appliedUpTo(7)).toBe(7);
  dirty.markWanted("a", 8);
  expect(dirty.appliedUpTo(8)).toBe(7);
});

test("what changes while it is being applied stays open from the later revision on", () => {
  const dirty = fresh();
  dirty.markWanted("a", 5);
  const turn = dirty.due(0).get("a")!;
  dirty.markWanted("a", 6);
  dirty.done("a", turn, 5);
  expect(dirty.due(0).has("a")).toBe(true);
});

test("failures wait longer each time; an event doesn't shorten the wait, a new wish does", () => {
  const dirty = fresh();
  dirty.markWanted("a", 5);
  dirty.failed("a", "refused", 0);
  dirty.failed("a", "refused", 0);
  dirty.markSeen("a");
  expect(dirty.due(199).size).toBe(0);
  expect(dirty.due(200).size).toBe(1);
  expect(dirty.nextAt()).toBe(200);
  expect(dirty.failures()).toEqual(new Map([["a", "refused"]]));
  dirty.markWanted("a", 6);
  expect(dirty.due(0).size).toBe(1);
  expect(dirty.failures().size).toBe(0);
  expect(dirty.appliedUpTo(6)).toBe(4);
});

test("the applied revision never runs ahead of a change that isn't applied", () => {
  const step = fc.record({
    do: fc.constantFrom("want", "see", "take", "done", "fail"),
    key: fc.constantFrom("a", "b", "c"),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const dirty = fresh();
      let revision = 0;
      const wanted = new Map<string, number>();
      const applied = new Map<string, number>();
      const taken = new Map<string, { turn: number; revision: number }>();
      for (const { do: what, key } of steps) {
        if (what === "want") {
          wanted.set(key, ++revision);
          dirty.markWanted(key, revision);
        } else if (what === "see") dirty.markSeen(key);
        else if (what === "fail") dirty.failed(key, "x", 0);
        else if (what === "take" && dirty.has(key)) taken.set(key, { turn: dirty.due(Infinity).get(key)!, revision });
        else if (what === "done" && taken.has(key)) {
          const { turn, revision: upTo } = taken.get(key)!;
          applied.set(key, upTo);
          dirty.done(key, turn, upTo);
          taken.delete(key);
        }
        const claimed = dirty.appliedUpTo(revision);
        for (const [each, at] of wanted) if (at <= claimed) expect(applied.get(each) ?? 0).toBeGreaterThanOrEqual(at);
      }
    }),
  );
});
