import fc from "fast-check";
import { expect, test } from "vitest";
import { decide, type Situation } from "./decide.ts";

const entry = { key: "k", revision: 5, applied: "h1", owned: "o1", made: true };
const live = (revision: number, over: object = {}, metadata: object = {}) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "x", annotations: { "quipu.dev/row-revision": String(revision) }, ...metadata },
  owned: "o1",
  ...over,
});

test.each<[string, Partial<Situation>, object]>([
  ["wanted and as we left it", { wanted: { hash: "h1", rowRevision: 5 }, entry, live: live(5) }, { do: "nothing" }],
  ["wanted, never applied", { wanted: { hash: "h1", rowRevision: 5 } }, { do: "apply", because: "new" }],
  [
    "begun, but not known to have ended",
    { wanted: { hash: "h1", rowRevision: 5 }, entry: { ...entry, applied: "" }, live: live(5) },
    { do: "apply", because: "new" },
  ],
  [
    "another content is wanted",
    { wanted: { hash: "h2", rowRevision: 6 }, entry, live: live(5) },
    { do: "apply", because: "changed" },
  ],
  [
    "back to an earlier row: ours to do",
    { wanted: { hash: "h0", rowRevision: 3 }, entry, live: live(5) },
    { do: "apply", because: "changed" },
  ],
  [
    "changed by somebody",
    { wanted: { hash: "h1", rowRevision: 5 }, entry, live: live(5, { owned: "o2" }) },
    { do: "apply", because: "drift" },
  ],
  ["deleted by somebody", { wanted: { hash: "h1", rowRevision: 5 }, entry }, { do: "apply", because: "drift" }],
  [
    "being deleted",
    { wanted: { hash: "h1", rowRevision: 5 }, entry, live: live(5, {}, { deletionTimestamp: "now" }) },
    { do: "nothing" },
  ],
  [
    "written by one who knows more",
    { wanted: { hash: "h1", rowRevision: 5 }, entry, live: live(7) },
    { do: "yield", found: 7 },
  ],
  [
    "unknown to us, but of a later revision",
    { wanted: { hash: "h1", rowRevision: 5 }, live: live(7) },
    { do: "yield", found: 7 },
  ],
  ["not wanted, made by us", { entry, live: live(5) }, { do: "prune" }],
  ["not wanted, found there", { entry: { ...entry, made: false }, live: live(5) }, { do: "forget" }],
  ["not wanted, gone already", { entry }, { do: "forget" }],
  ["not wanted here, but by one who knows more", { entry, live: live(11) }, { do: "yield", found: 11 }],
  ["not wanted, not in the ledger", { live: live(5) }, { do: "nothing" }],
])("%s", (_, situation, decision) => {
  expect(decide({ wanted: undefined, entry: undefined, live: undefined, revision: 10, ...situation })).toEqual(
    decision,
  );
});

test("only what the ledger says we made is ever pruned, and nothing of a later revision is ever touched", () => {
  const situation = fc.record({
    wanted: fc.option(fc.record({ hash: fc.constantFrom("h1", "h2"), rowRevision: fc.integer({ min: 0, max: 10 }) }), {
      nil: undefined,
    }),
    entry: fc.option(
      fc.record({
        key: fc.constant("k"),
        revision: fc.integer({ min: 0, max: 10 }),
        applied: fc.constantFrom("", "h1", "h2"),
        owned: fc.constantFrom("o1", "o2"),
        made: fc.boolean(),
      }),
      { nil: undefined },
    ),
    live: fc.option(
      fc
        .integer({ min: -1, max: 20 })
        .map((revision) => (revision < 0 ? { ...live(0), metadata: { name: "x", annotations: {} } } : live(revision))),
      { nil: undefined },
    ),
    revision: fc.constant(10),
  });
  fc.assert(
    fc.property(situation, (each) => {
      const decision = decide(each);
      if (decision.do === "prune") expect(each.entry?.made && each.live && !each.wanted).toBe(true);
      const carried = Number(
        (each.live?.metadata.annotations as Record<string, string> | undefined)?.["quipu.dev/row-revision"] ?? -1,
      );
      if (carried > 10) expect(["yield", "nothing", "forget"]).toContain(decision.do);
    }),
  );
});
