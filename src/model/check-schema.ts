import { checkText } from "./check-text.ts";
import { acceptsType, describe, fieldSchema, joinPath, typeOf, type JsonSchema, type JsonType } from "./json-schema.ts";
import { Problem } from "./problem.ts";
import { suggest } from "./suggest.ts";
import { suggestDuration } from "./duration.ts";

/**
 * Holds a value against one of our schemas and tells everything that doesn't fit, each with the path of its field. A
 * general validator would say "must NOT have additional properties"; this one says which field was probably meant.
 */
export function checkSchema(value: unknown, schema: JsonSchema, path: string): Problem[] {
  if (schema.anyOf !== undefined) return checkUnion(value, schema, path);
  const type = typeOf(value);
  if (schema.const !== undefined && value !== schema.const)
    return [
      new Problem("not-one-of", `${path} is ${show(value)}, not ${JSON.stringify(schema.const)}.`, {
        field: path,
        found: value,
        accepted: describe(schema),
      }),
    ];
  if (!acceptsType(schema, type)) return [wrongType(value, type, schema, path)];
  if (schema.enum !== undefined && !schema.enum.includes(value)) return [notOneOf(value, schema.enum, path)];
  switch (type) {
    case "object":
      return checkObject(value as Record<string, unknown>, schema, path);
    case "array":
      return checkArray(value as unknown[], schema, path);
    case "number":
      return checkNumber(value as number, schema, path);
    case "string":
      return checkText(value as string, schema, path);
    default:
      return [];
  }
}

function checkObject(value: Record<string, unknown>, schema: JsonSchema, path: string): Problem[] {
  const problems: Problem[] = [];
  for (const [field, inner] of Object.entries(value)) {
    const at = joinPath(path, field);
    const expected = fieldSchema(schema, field);
    if (expected === undefined) problems.push(unknownField(field, inner, schema, path));
    else if ((inner === null || inner === undefined) && !acceptsType(expected, "null"))
      problems.push(
        new Problem("wrong-type", `${at} is empty.`, {
          field: at,
          found: null,
          accepted: `${describe(expected)}; or leave the field out`,
        }),
      );
    else problems.push(...checkSchema(inner, expected, at));
  }
  for (const field of schema.required ?? []) {
    if (Object.hasOwn(value, field)) continue;
    const at = joinPath(path, field);
    problems.push(
      new Problem("missing-field", `${at} is missing.`, {
        field: at,
        accepted: describe(schema.properties?.[field] ?? {}),
      }),
    );
  }
  return problems;
}

function unknownField(field: string, found: unknown, schema: JsonSchema, path: string): Problem {
  const at = joinPath(path, field);
  const known = Object.keys(schema.properties ?? {});
  const pattern = Object.keys(schema.patternProperties ?? {})[0];
  if (known.length === 0 && pattern !== undefined) {
    return new Problem("bad-format", `${at}: the key ${JSON.stringify(field)} doesn't have the right form.`, {
      field: at,
      found: field,
      accepted: `a key that matches ${pattern}`,
    });
  }
  const near = suggest(field, known);
  const below = near === undefined ? findField(field, schema) : undefined;
  const elsewhere = below === undefined || path === "" ? below : `${path}.${below}`;
  const hint =
    near !== undefined ? ` Did you mean ${near}?` : elsewhere !== undefined ? ` Did you mean ${elsewhere}?` : "";
  return new Problem("unknown-field", `There is no field ${at}.${hint}`, {
    field: at,
    found,
    accepted: near ?? elsewhere ?? known.join(", "),
  });
}

/** A field of that very name further down: `spec.timeout` → `traffic.timeout`. Not through lists. */
function findField(field: string, schema: JsonSchema): string | undefined {
  let level = Object.entries(schema.properties ?? {});
  while (level.length > 0) {
    const hit = level.find(([, inner]) => inner.properties !== undefined && Object.hasOwn(inner.properties, field));
    if (hit !== undefined) return `${hit[0]}.${field}`;
    level = level.flatMap(([prefix, inner]) =>
      Object.entries(inner.properties ?? {}).map(
        ([name, deeper]) => [`${prefix}.${name}`, deeper] as [string, JsonSchema],
      ),
    );
  }
  return undefined;
}

function checkArray(value: unknown[], schema: JsonSchema, path: string): Problem[] {
  const problems: Problem[] = [];
  const { minItems = 0, maxItems = Infinity } = schema;
  if (value.length < minItems || value.length > maxItems) {
    problems.push(
      new Problem("out-of-range", `${path} has ${value.length} entries.`, {
        field: path,
        found: value.length,
        accepted: maxItems === Infinity ? `at least ${minItems}` : `${minItems} to ${maxItems} entries`,
      }),
    );
  }
  if (schema.items !== undefined)
    for (const [index, item] of value.entries())
      problems.push(...checkSchema(item, schema.items, joinPath(path, index)));
  const unique = schema["x-unique"];
  if (unique !== undefined)
    problems.push(
      ...duplicates(
        value.map((item) => (item as Record<string, unknown> | null)?.[unique]),
        (index) => joinPath(joinPath(path, index), unique),
      ),
    );
  return problems;
}

/** A problem for each value that stood before in the list; undefined is never a duplicate. */
export function duplicates(values: readonly unknown[], fieldOf: (index: number) => string): Problem[] {
  const first = new Map<unknown, number>();
  return values.flatMap((value, index) => {
    if (value === undefined) return [];
    const earlier = first.get(value);
    if (earlier === undefined) {
      first.set(value, index);
      return [];
    }
    return [
      new Problem("duplicate", `${fieldOf(index)} is ${show(value)}, as ${fieldOf(earlier)} already is.`, {
        field: fieldOf(index),
        found: value,
        accepted: "a value that no other entry has",
      }),
    ];
  });
}

function checkNumber(value: number, schema: JsonSchema, path: string): Problem[] {
  const bad =
    !Number.isFinite(value) ||
    (schema.minimum !== undefined && value < schema.minimum) ||
    (schema.maximum !== undefined && value > schema.maximum);
  if (bad)
    return [
      new Problem("out-of-range", `${path} is ${value}.`, { field: path, found: value, accepted: describe(schema) }),
    ];
  if (schema.type === "integer" && !Number.isInteger(value))
    return [
      new Problem("wrong-type", `${path} is ${value}, not a whole number.`, {
        field: path,
        found: value,
        accepted: describe(schema),
      }),
    ];
  return [];
}

function checkUnion(value: unknown, schema: JsonSchema, path: string): Problem[] {
  const type = typeOf(value);
  const branches = schema.anyOf!.filter((branch) => acceptsType(branch, type));
  if (branches.length === 0) return [wrongType(value, type, schema, path)];
  if (branches.length === 1) return checkSchema(value, branches[0]!, path);
  const results = branches.map((branch) => checkSchema(value, branch, path));
  if (results.some((problems) => problems.length === 0)) return [];
  if (type !== "object") return results[0]!;
  // The branch that was meant is the one whose required fields are there; without any, all of them are told.
  const present = branches.map(
    (branch) => (branch.required ?? []).filter((field) => Object.hasOwn(value as object, field)).length,
  );
  const meant = present.indexOf(Math.max(...present));
  if (present[meant] === 0) {
    const starts = [...new Set(branches.flatMap((branch) => branch.required ?? []))];
    const near = Object.keys(value as object)
      .map((field) => suggest(field, starts))
      .find((word) => word !== undefined);
    return [
      new Problem(
        "missing-field",
        `${path} has none of ${starts.join(", ")}.${near === undefined ? "" : ` Did you mean ${near}?`}`,
        { field: path, found: value, accepted: branches.map(describe).join("; or ") },
      ),
    ];
  }
  const others = branches.filter((_, index) => index !== meant);
  const key = branches[meant]!.required![0]!;
  return results[meant]!.map((problem) => {
    const field = problem.field?.slice(path.length + 1);
    if (
      problem.code !== "unknown-field" ||
      field === undefined ||
      !others.some((branch) => branch.properties !== undefined && Object.hasOwn(branch.properties, field))
    )
      return problem;
    return new Problem("conflicting-fields", `${problem.field} can't be used together with ${joinPath(path, key)}.`, {
      field: problem.field!,
      found: problem.found,
      accepted: describe(branches[meant]!),
    });
  });
}

function wrongType(value: unknown, type: JsonType, schema: JsonSchema, path: string): Problem {
  const unit = schema["x-unit"];
  if (unit === "duration" && type === "number") {
    return new Problem(
      "wrong-unit",
      `${path} is ${show(value)}, without a unit. Did you mean ${suggestDuration(value) ?? "a number with ms, s, m or h"}?`,
      { field: path, found: value, accepted: describe(schema) },
    );
  }
  const quoted =
    acceptsType(schema, "string") && (type === "number" || type === "boolean")
      ? ` Write it in quotes: ${JSON.stringify(String(value))}.`
      : "";
  return new Problem("wrong-type", `${path} is ${article(type)}.${quoted}`, {
    field: path,
    found: value,
    accepted: describe(schema),
  });
}

function notOneOf(value: unknown, accepted: unknown[], path: string): Problem {
  const near = suggest(String(value), accepted.map(String));
  return new Problem("not-one-of", `${path} is ${show(value)}.${near === undefined ? "" : ` Did you mean ${near}?`}`, {
    field: path,
    found: value,
    accepted: accepted.join(", "),
  });
}

function article(type: JsonType): string {
  return {
    object: "an object",
    array: "a list",
    string: "a text",
    number: "a number",
    boolean: "true or false",
    null: "empty",
  }[type];
}

export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
