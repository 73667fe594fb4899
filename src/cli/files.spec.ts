import { expect, test } from "vitest";
import { parse } from "./files.ts";

test("many documents in a file, each with its line", () => {
  const documents = parse("a.yaml", "apiVersion: quipu.dev/v1\nkind: App\nmetadata: { name: one }\n---\n# nothing\n---\nkind: Team\nmetadata: { name: two }\n");
  expect(documents.map(({ source, kind, name }) => ({ source, kind, name }))).toEqual([
    { source: "a.yaml:1", kind: "App", name: "one" },
    { source: "a.yaml:7", kind: "Team", name: "two" },
  ]);
});

test("broken YAML is told with line and column", () => {
  expect(() => parse("a.yaml", "kind: App\nmetadata: { name: x\nspec: {}\n")).toThrow(/^a\.yaml:\d+:\d+: /);
});

test.each([["- 1\n", /must be an object/], ["spec: {}\n", /kind is missing/], ["kind: App\n", /metadata.name is missing/]])("%j is refused", (text, message) => {
  expect(() => parse("a.yaml", text)).toThrow(message);
});
