import { expect, test } from "vitest";
import { parse } from "./files.ts";

const head = "apiVersion: quipu.dev/v1\n";

test("many documents in a file, each with its line", () => {
  const documents = parse(
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
  expect(() => parse("a.yaml", "kind: App\nmetadata: { name: x\nspec: {}\n")).toThrow(/^a\.yaml:\d+:\d+: /);
});

test("a misspelt field is told with its place and what was meant", () => {
  expect(() =>
    parse("a.yaml", `${head}kind: App\nmetadata: { name: one }\nspec: { team: a, segment: b, trafic: {} }\n`),
  ).toThrow(/^a\.yaml:4:\d+: spec\.trafic: .*traffic/s);
});

test.each([["- 1\n"], ["spec: {}\n"], ["kind: App\n"]])("%j is refused", (text) => {
  expect(() => parse("a.yaml", text)).toThrow(/^a\.yaml/);
});
