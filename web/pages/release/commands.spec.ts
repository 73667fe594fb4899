import { expect, test } from "vitest";
import { commandsOf } from "./commands.ts";

const none = { promote: "ended", pause: "ended", resume: "ended", abort: "ended" };
const of = (again: Parameters<typeof commandsOf>[0]["again"], number = 7) =>
  commandsOf({ app: "catalog", number, from: "r6", commands: none, ...(again && { again }) } as never);

test("six commands stand there always, each with its reason or none", () => {
  expect(
    of({ undo: null, undoTo: 6, retry: "nothing of it was taken back" }).map(({ kind, refused }) => [kind, refused]),
  ).toEqual([
    ["promote", "ended"],
    ["pause", "ended"],
    ["resume", "ended"],
    ["abort", "ended"],
    ["undo", null],
    ["retry", "nothing of it was taken back"],
  ]);
  expect(
    of(undefined)
      .slice(4)
      .map(({ refused }) => refused),
  ).not.toContain(null);
});

test("undo of the newest goes back to the one before; of an older one, to itself", () => {
  expect(of({ undo: null, undoTo: 6, retry: null })[4]).toMatchObject({ title: "Undo" });
  expect(of({ undo: null, undoTo: 7, retry: null })[4]).toMatchObject({ title: "Back to release 7" });
});
