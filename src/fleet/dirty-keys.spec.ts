import fc from "fast-check";
import { expect, test } from "vitest";
import { lacking } from "../model/applied.ts";
import { DirtyKeys } from "./dirty-keys.ts";

const fresh = () => new DirtyKeys({ baseMs: 100, maxMs: 1000 }, () => 1);

test("a revision counts as applied when nothing before it is open", () => {
  const dirty = fresh();
  dirty.markWanted("a", 5);
  dirty.markWanted("b", 7);
  expect(dirty.appliedOf(7).applied).toBe(4);
  dirty.done("a", dirty.due(0).get("a")!, 7);
  expect(dirty.appliedOf(7).applied).toBe(6);
  dirty.done("b", dirty.due(0).get("b")!, 7);
  expect(dirty.appliedOf(9).applied).toBe(9);
});

test("drift takes nothing back from what was applied", () => {
  const dirty = fresh();
  dirty.markSeen("a");
  expect(dirty.appliedOf(7).applied).toBe(7);
  dirty.markWanted("a", 8);
  expect(dirty.appliedOf(8).applied).toBe(7);
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
  expect(dirty.appliedOf(6).applied).toBe(4);
});

test("apps that a change has to do with are kept once, however many objects it touches", () => {
  const dirty = fresh();
  let read = 0;
  const apps = ["cart", "checkout"];
  apps[Symbol.iterator] = () => {
    read++;
    return Array.prototype.values.call(["cart", "checkout"]);
  };
  for (let object = 0; object < 100; object++) dirty.markWanted(`k${object}`, 5, apps);
  dirty.markWanted("another", 5, ["ledger"]);
  expect(read).toBe(1);
  expect(dirty.appliedOf(5).beyond?.missing).toEqual([{ from: 5, to: 5, apps: ["cart", "checkout", "ledger"] }]);
  dirty.markWanted("any", 5);
  expect(dirty.appliedOf(5).beyond?.missing).toEqual([{ from: 5, to: 5 }]);
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
          dirty.markWanted(key, revision, [key]);
        } else if (what === "see") dirty.markSeen(key);
        else if (what === "fail") dirty.failed(key, "x", 0);
        else if (what === "take" && dirty.has(key)) taken.set(key, { turn: dirty.due(Infinity).get(key)!, revision });
        else if (what === "done" && taken.has(key)) {
          const { turn, revision: upTo } = taken.get(key)!;
          applied.set(key, upTo);
          dirty.done(key, turn, upTo);
          taken.delete(key);
        }
        const claimed = dirty.appliedOf(revision);
        for (const [each, at] of wanted)
          if (lacking(claimed, each, at) === undefined) expect(applied.get(each) ?? 0).toBeGreaterThanOrEqual(at);
        // And nothing is held back by what doesn't concern it.
        for (const each of ["a", "b", "c"]) {
          const last = wanted.get(each) ?? 0;
          if ((applied.get(each) ?? 0) >= last) expect(lacking(claimed, each, last)).toBeUndefined();
        }
      }
    }),
  );
});

test("a key that is refused for long says so of all that it lacks, briefly", () => {
  const dirty = fresh();
  for (let revision = 1; revision <= 100; revision++) {
    dirty.markWanted("a", revision, ["a", `callee-${revision % 3}`]);
    dirty.failed("a", "refused", 0);
  }
  const { applied, beyond } = dirty.appliedOf(100);
  expect(applied).toBe(0);
  expect(beyond!.missing.length).toBeLessThanOrEqual(20);
  expect(beyond!.missing[0]).toEqual({
    from: 1,
    to: 81,
    apps: ["a", "callee-0", "callee-1", "callee-2"],
    error: "refused",
  });
  for (let revision = 1; revision <= 100; revision++)
    expect(lacking({ applied, beyond: beyond! }, "a", revision)).toBe("refused");
  expect(lacking({ applied, beyond: beyond! }, "z", 100)).toBe("refused");
  dirty.markWanted("b", 101, ["b"]);
  expect(lacking(dirty.appliedOf(102) as { applied: number }, "z", 102)).toBeUndefined();
});
