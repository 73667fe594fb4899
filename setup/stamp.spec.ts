import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isStamped, keyOf, stamp } from "./stamp.mjs";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stamp-"));
  mkdirSync(join(folder, "in", "deep"), { recursive: true });
  write("in/a.txt", "one");
  write("in/deep/b.txt", "two");
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const key = (values: unknown = 1) =>
  keyOf({ paths: [join(folder, "in"), join(folder, "gone")], values, skip: (name) => name === "dist" });

describe("the key of inputs", () => {
  it.each<[string, () => void]>([
    ["content", () => write("in/deep/b.txt", "2wo")],
    ["name", () => write("in/c.txt", "")],
    ["absence", () => rmSync(join(folder, "in/a.txt"))],
    ["folder", () => mkdirSync(join(folder, "in/empty"))],
    ["file that was missing", () => write("gone", "")],
  ])("changes with a %s", (_, edit) => {
    const before = key();
    edit();
    expect(key()).not.toBe(before);
  });

  it("changes with a value", () => {
    expect(key(1)).not.toBe(key(2));
  });

  it("doesn't change with a file's time, nor with what is left out", () => {
    const before = key();
    utimesSync(join(folder, "in/a.txt"), 1, 1);
    mkdirSync(join(folder, "in/dist"));
    expect(key()).toBe(before);
  });

  it("tells text that moved from one file to the next", () => {
    const before = key();
    write("in/a.txt", "on");
    write("in/deep/b.txt", "etwo");
    expect(key()).not.toBe(before);
  });
});

describe("a stamp", () => {
  it("holds for one key only, and only once written", () => {
    const file = join(folder, ".stamp");
    expect(isStamped(file, "k")).toBe(false);
    stamp(file, "k");
    expect(isStamped(file, "k")).toBe(true);
    expect(isStamped(file, "other")).toBe(false);
  });
});
