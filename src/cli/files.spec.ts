import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse, readDocuments, readFiles } from "./files.ts";

const head = "apiVersion: quipu.dev/v1\n";

test("many documents in a file, each with its line", () => {
  const { documents } = parse(
    "a.yaml",
    `${head}kind: Team\nmetadata: { name: one }\nspec: {}\n---\n# nothing\n---\n${head}kind: Team\nmetadata: { name: two }\nspec: {}\n`,
  );
  expect(documents.map(({ source, kind, name }) => ({ source, kind, name }))).toEqual([
    { source: "a.yaml:1", kind: "Team", name: "one" },
    { source: "a.yaml:8", kind: "Team", name: "two" },
  ]);
  expect(documents[1]?.locate("metadata.name")).toBe("a.yaml:10:13");
});

test("broken YAML is told with line and column", () => {
  expect(parse("a.yaml", "kind: App\nmetadata: { name: x\nspec: {}\n").wrong[0]).toMatch(/^a\.yaml:\d+:\d+: /);
});

test("a misspelt field is told with its place and what was meant; the documents beside it stand", () => {
  const good = `${head}kind: Team\nmetadata: { name: two }\nspec: {}\n`;
  const { documents, wrong } = parse(
    "a.yaml",
    `${head}kind: App\nmetadata: { name: one }\nspec: { team: a, segment: b, trafic: {} }\n---\n${good}`,
  );
  expect(wrong).toHaveLength(1);
  expect(wrong[0]).toMatch(/^a\.yaml:4:\d+: spec\.trafic: .*traffic/s);
  expect(documents.map(({ name }) => name)).toEqual(["two"]);
});

test.each([["- 1\n"], ["spec: {}\n"], ["kind: App\n"]])("%j is refused", (text) => {
  expect(parse("a.yaml", text)).toMatchObject({ documents: [], wrong: [expect.stringMatching(/^a\.yaml/)] });
});

test("every wrong file is told, missing ones too", () => {
  const folder = mkdtempSync(join(tmpdir(), "quipu-files-"));
  try {
    const file = (name: string, text: string) => (writeFileSync(join(folder, name), text), join(folder, name));
    const paths = [file("a.yaml", "- 1\n"), join(folder, "none.yaml"), file("b.yaml", "kind: [\n")];
    expect(readFiles(paths).wrong.map((text) => text.slice(folder.length + 1).split(/[: ]/)[0])).toEqual([
      "a.yaml",
      "none.yaml",
      "b.yaml",
    ]);
    expect(() => readDocuments(paths)).toThrow(/a\.yaml[^]*none\.yaml[^]*b\.yaml/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
