import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { writePrivate } from "./private-file.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "quipu-private-"));
});
afterEach(() => rmSync(root, { recursive: true }));

it.each([{}, { durable: true }])("replaces a file as a whole, for its owner alone (%o)", (options) => {
  const path = join(root, "a/b");
  writePrivate(path, "one, and longer", options);
  writePrivate(path, "two", options);
  expect(readFileSync(path, "utf8")).toBe("two");
  expect([statSync(path).mode & 0o777, statSync(join(root, "a")).mode & 0o777]).toEqual([0o600, 0o700]);
  expect(readdirSync(join(root, "a"))).toEqual(["b"]);
});

it("leaves an existing file alone when asked to, and nothing else behind", () => {
  const path = join(root, "key");
  writePrivate(path, "first", { exclusive: true });
  expect(() => writePrivate(path, "second", { exclusive: true })).toThrow(expect.objectContaining({ code: "EEXIST" }));
  expect(readFileSync(path, "utf8")).toBe("first");
  expect(readdirSync(root)).toEqual(["key"]);
});

it("leaves nothing behind when it fails", () => {
  mkdirSync(join(root, "folder/inner"), { recursive: true });
  expect(() => writePrivate(join(root, "folder"), "x")).toThrow();
  expect(readdirSync(root)).toEqual(["folder"]);
});
