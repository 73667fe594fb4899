import type { Static, TSchema } from "typebox";
import { checkSchema } from "../model/check-schema.ts";
import type { JsonSchema } from "../model/json-schema.ts";
import { Problems } from "../release/changes.ts";

/** Texts of a query or of parameters as what their schema says; what doesn't fit is told like any other field. */
export function parseFields<S extends TSchema>(schema: S, given: unknown): Static<S> {
  const fields = schema as unknown as JsonSchema;
  const values: Record<string, unknown> = {};
  for (const [name, text] of Object.entries((given ?? {}) as Record<string, unknown>))
    values[name] = convert(text, fields.properties?.[name]);
  const problems = checkSchema(values, fields, "").map((problem) => problem.with({ status: 400 }));
  if (problems.length > 0) throw new Problems(problems);
  return values as Static<S>;
}

/** A body that was read (YAML or JSON) as its schema says. What doesn't fit is told by field. */
export function parseBody<S extends TSchema>(schema: S, given: unknown): Static<S> {
  const problems = checkSchema(given, schema as unknown as JsonSchema, "").map((problem) =>
    problem.with({ status: 400 }),
  );
  if (problems.length > 0) throw new Problems(problems);
  return given as Static<S>;
}

function convert(text: unknown, schema: JsonSchema | undefined): unknown {
  if (typeof text !== "string") return text;
  if ((schema?.type === "integer" || schema?.type === "number") && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (schema?.type === "boolean" && (text === "true" || text === "")) return true;
  if (schema?.type === "boolean" && text === "false") return false;
  return text;
}
