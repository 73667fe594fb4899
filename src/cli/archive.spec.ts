import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { extract } from "tar-stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { archiveFolder } from "./archive.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quipu-archive-"));
  writeFileSync(join(folder, "b.js"), "two");
  mkdirSync(join(folder, "a"));
  writeFileSync(join(folder, "a/run.sh"), "one");
  chmodSync(join(folder, "a/run.sh"), 0o755);
});
afterEach(() => rmSync(folder, { recursive: true }));

test("the digest follows from the content alone", async () => {
  const first = await archiveFolder(folder);
  utimesSync(join(folder, "b.js"), 1, 1);
  expect((await archiveFolder(folder)).digest).toBe(first.digest);
  writeFileSync(join(folder, "b.js"), "three");
  expect((await archiveFolder(folder)).digest).not.toBe(first.digest);
});

test("names, modes and links come through", async () => {
  symlinkSync("b.js", join(folder, "link"));
  const seen: Record<string, string> = {};
  const reader = extract();
  reader.on("entry", (header, stream, next) => {
    seen[header.name] = `${header.type} ${header.mode?.toString(8)}`;
    stream.resume();
    stream.on("end", next);
  });
  reader.end((await archiveFolder(folder)).bytes);
  await new Promise<void>((resolve) => reader.on("finish", () => resolve()));
  expect(seen).toEqual({ "a/": "directory 755", "a/run.sh": "file 755", "b.js": "file 644", link: "symlink 777" });
});

test("a link that leads out is refused, and so is what isn't a folder", async () => {
  symlinkSync("../../etc/passwd", join(folder, "out"));
  await expect(archiveFolder(folder)).rejects.toThrow(/the link out leads out/);
  await expect(archiveFolder(join(folder, "b.js"))).rejects.toThrow(/not a folder/);
  await expect(archiveFolder(join(folder, "nothing"))).rejects.toThrow(/no such folder/);
});
