import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

/** What each room may import: the table of ARCHITECTURE.md, which this test reads. */
const root = resolve(import.meta.dirname, "../..");

function table(): Map<string, Set<string> | "everything"> {
  const rows = readFileSync(join(root, "ARCHITECTURE.md"), "utf8").matchAll(
    /^\| `(?:src\/)?([a-z]+)\/` \|[^|]*\|([^|]*)\|/gm,
  );
  return new Map(
    [...rows].map(([, room, cell]): [string, Set<string> | "everything"] => {
      const words = (cell as string).trim();
      if (words === "everything") return [room as string, "everything"];
      return [
        room as string,
        new Set(words === "–" ? [] : words.split(",").map((word) => word.trim().replace("the API client", "cli"))),
      ];
    }),
  );
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Specs may reach into other rooms for their fixtures; what ships may not. */
function imports(): { from: string; to: string; file: string }[] {
  return sources(join(root, "src"))
    .filter((file) => !file.endsWith(".spec.ts"))
    .flatMap((file) => {
      const text = readFileSync(file, "utf8");
      return [...text.matchAll(/(?:from\s+|import\s*\(\s*|import\s+)"(\.[^"]+)"/g)].flatMap(([, target]) => {
        const to = relative(join(root, "src"), resolve(dirname(file), target as string)).split("/")[0] as string;
        const from = relative(join(root, "src"), file).split("/")[0] as string;
        // The one registry of errors is everybody's.
        if (/model\/problem(-codes)?\.ts$/.test(target as string)) return [];
        return to === ".." || to === from ? [] : [{ from, to, file: relative(root, file) }];
      });
    });
}

test("rooms import only what ARCHITECTURE.md allows", () => {
  const allowed = table();
  expect(allowed.size).toBeGreaterThan(10);
  const wrong = imports().filter(({ from, to }) => {
    const may = allowed.get(from);
    return may !== "everything" && !(may?.has(to) ?? false);
  });
  expect(wrong.map(({ from, to, file }) => `${file}: ${from} may not import ${to}`)).toEqual([]);
});

test("every room is in the table", () => {
  const rooms = readdirSync(join(root, "src"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  const allowed = table();
  expect(rooms.filter((room) => !allowed.has(room))).toEqual([]);
});

test("no file of ours is a barrel, and none has a default export", () => {
  const wrong = sources(join(root, "src")).filter(
    (file) => /^export default/m.test(readFileSync(file, "utf8")) || /\/index\.tsx?$/.test(file),
  );
  expect(wrong.map((file) => relative(root, file))).toEqual([]);
});
