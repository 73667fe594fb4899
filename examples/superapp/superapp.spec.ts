import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseDocuments } from "../../src/model/documents.ts";

const folders = ["fleet", "apps"].map((name) => join(import.meta.dirname, name));
const files = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));

test.each(files)("%s is valid", (path) => {
  expect(parseDocuments(readFileSync(path, "utf8")).flatMap(({ problems }) => problems)).toEqual([]);
});

test("App files have 10 to 30 lines, and every app has its service", () => {
  for (const path of readdirSync(join(import.meta.dirname, "apps"))) {
    const lines = readFileSync(join(import.meta.dirname, "apps", path), "utf8")
      .trimEnd()
      .split("\n").length;
    expect(lines, path).toBeGreaterThanOrEqual(10);
    expect(lines, path).toBeLessThanOrEqual(30);
    expect(readdirSync(join(import.meta.dirname, "services", path.replace(".yaml", "")))).toContain("index.mjs");
  }
});
