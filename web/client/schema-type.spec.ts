import { expect, test } from "vitest";
import { typeOf, type Schema } from "./schema-type.ts";

test.each<[Schema, string]>([
  [{ type: "integer" }, "number"],
  [{ type: ["string", "null"] }, "string | null"],
  [{ const: "App" }, '"App"'],
  [{ enum: ["a", 1] }, '"a" | 1'],
  [{ type: "array", items: { anyOf: [{ type: "string" }, { type: "null" }] } }, "(string | null)[]"],
  [{ anyOf: [{ type: "integer" }, { type: "number" }] }, "number"],
  [{ $ref: "#/components/schemas/App" }, "App"],
  [
    { allOf: [{ $ref: "#/components/schemas/App" }, { type: "object", properties: { outcome: { type: "string" } } }] },
    'App & { "outcome"?: string }',
  ],
  [
    { type: "object", required: ["a"], properties: { a: { type: "boolean" }, "b-c": {} } },
    '{ "a": boolean; "b-c"?: unknown }',
  ],
  [{ type: "object", patternProperties: { "^.*$": { type: "string" } } }, "Record<string, string>"],
  [{ type: "object", additionalProperties: { type: "number" } }, "Record<string, number>"],
  [{ type: "object", additionalProperties: true }, "Record<string, unknown>"],
  [{}, "unknown"],
])("%j", (schema, type) => {
  expect(typeOf(schema)).toBe(type);
});

test("a reference to elsewhere is refused", () => {
  expect(() => typeOf({ $ref: "other.json#/App" })).toThrow("other.json#/App is no component");
});
