import { expect, test } from "vitest";
import { parseDocuments } from "./documents.ts";

const app = (spec: string, name = "checkout") =>
  `apiVersion: quipu.dev/v1\nkind: App\nmetadata: { name: ${name} }\nspec:\n  team: payments\n  segment: money\n${spec}`;
const problemsOf = (text: string) =>
  parseDocuments(text).flatMap(({ problems }) =>
    problems.map(({ code, field, line, column }) => ({ code, field, line, column })),
  );

test("many documents, empty ones passed over", () => {
  const found = parseDocuments(`---\n${app("")}---\n---\n# nothing\n---\n${app("", "orders")}`);
  expect(
    found.map(({ value, problems }) => [(value as { metadata: { name: string } }).metadata.name, problems.length]),
  ).toEqual([
    ["checkout", 0],
    ["orders", 0],
  ]);
  expect(found[1]!.line).toBeGreaterThan(found[0]!.line);
});

test("broken YAML is told with line and column, and the other documents are still read", () => {
  const found = parseDocuments(`${app("")}---\na: [1,\nb: }\n---\n${app("", "orders")}`);
  expect(found).toHaveLength(3);
  expect(found[1]!.problems[0]).toMatchObject({ code: "broken-yaml", line: 9 });
  expect(found[2]!.problems).toEqual([]);
});

test.each(["a: 1\na: 2\n", "a: *nowhere\n", "\ta: 1\n", "a: 'open\n", "a: &a { b: *a }\n"])("%j is broken", (text) => {
  const [first] = problemsOf(text);
  expect(first).toMatchObject({ code: "broken-yaml", line: expect.any(Number), column: expect.any(Number) });
});

test("a field's problem stands at its line, a missing field's at its parent", () => {
  expect(
    problemsOf(app("  traffic:\n    timeout: 3\n  calls:\n    - { app: catalog }\n    - methods: [GET]\n")),
  ).toEqual([
    { code: "wrong-unit", field: "spec.traffic.timeout", line: 8, column: 5 },
    { code: "missing-field", field: "spec.calls[1]", line: 11, column: 7 },
  ]);
});

test("JSON is read too", () => {
  expect(
    problemsOf(JSON.stringify({ apiVersion: "quipu.dev/v1", kind: "Team", metadata: { name: "shop" }, spec: {} })),
  ).toEqual([]);
});

test("a list, a text and an empty file", () => {
  expect(problemsOf("- a\n")).toMatchObject([{ code: "not-a-document" }]);
  expect(problemsOf("hello\n")).toMatchObject([{ code: "not-a-document" }]);
  expect(parseDocuments("")).toEqual([]);
});
