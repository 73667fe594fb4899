import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { connectionOf } from "./lent-kubeconfig.ts";
import { readPlainFile } from "./plain-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quipu-plain-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const refused = (path: string): string => {
  try {
    connectionOf({ context: "one", path }, {}, readPlainFile);
  } catch (error) {
    return (error as Error).message;
  }
  return "not refused";
};

test("a pipe, a device and a file that can't be a kubeconfig aren't read", () => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  expect(refused(pipe)).toMatch(/pipe can't be read on the server's machine: it isn't a plain file$/);
  expect(refused("/dev/zero")).toMatch(/it isn't a plain file$/);
  const large = join(folder, "large");
  writeFileSync(large, "a");
  truncateSync(large, 1e9);
  expect(refused(large)).toMatch(/it is too large, with 1000000000 bytes$/);
  expect(refused(folder)).toMatch(/it is a folder$/);
  expect(refused(join(folder, "none"))).toMatch(/there is no such file$/);
});

test("any other is", () => {
  writeFileSync(join(folder, "a"), "text");
  expect(readPlainFile(join(folder, "a"))).toBe("text");
});
