/** The part of JSON Schema that our schemas use, as the checks read it. */
export interface JsonSchema {
  type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  description?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  patternProperties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  pattern?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: JsonSchema[];
  "x-unit"?: "duration" | "cpu" | "memory";
  "x-minimum"?: string;
  "x-maximum"?: string;
  "x-expects"?: string;
  "x-code"?: "bad-name";
  "x-unique"?: string;
}

export type JsonType = "object" | "array" | "string" | "number" | "boolean" | "null";

export function typeOf(value: unknown): JsonType {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value as JsonType;
}

/** Types a schema can take at its top. */
export function acceptsType(schema: JsonSchema, type: JsonType): boolean {
  if (schema.anyOf !== undefined) return schema.anyOf.some((branch) => acceptsType(branch, type));
  if (schema.const !== undefined) return typeOf(schema.const) === type;
  if (schema.type === undefined) return true;
  return schema.type === type || (schema.type === "integer" && type === "number");
}

/** What the schema takes, in words: the `accepted` of a problem. */
export function describe(schema: JsonSchema): string {
  if (schema["x-expects"] !== undefined) return schema["x-expects"];
  if (schema["x-unit"] === "duration")
    return `a duration such as 800ms, 3s or 1m30s${range(schema["x-minimum"], schema["x-maximum"])}`;
  if (schema["x-unit"] === "cpu") return "cores, such as 250m or 1.5";
  if (schema["x-unit"] === "memory") return "bytes, such as 256Mi or 1G";
  if (schema["x-code"] === "bad-name")
    return `a name of lower-case letters, digits and '-' that begins with a letter, at most ${schema.maxLength} characters`;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.join(", ");
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(describe))].join("; or ");
  switch (schema.type) {
    case "string":
      return "a text";
    case "integer":
      return `a whole number${range(schema.minimum, schema.maximum)}`;
    case "number":
      return `a number${range(schema.minimum, schema.maximum)}`;
    case "boolean":
      return "true or false";
    case "array":
      return "a list";
    case "object":
      return schema.properties === undefined
        ? "an object"
        : `an object with ${Object.keys(schema.properties).join(", ")}`;
    default:
      return "any value";
  }
}

function range(minimum: string | number | undefined, maximum: string | number | undefined): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `, at least ${minimum}`;
  return maximum === undefined ? "" : `, at most ${maximum}`;
}

/** The field below an object: its own schema, that of the matching pattern, or undefined when the object doesn't take it. */
export function fieldSchema(schema: JsonSchema, field: string): JsonSchema | undefined {
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, field)) return schema.properties[field];
  for (const [pattern, value] of Object.entries(schema.patternProperties ?? {}))
    if (new RegExp(pattern).test(field)) return value;
  if (typeof schema.additionalProperties === "object") return schema.additionalProperties;
  return schema.additionalProperties === false || schema.patternProperties !== undefined ? undefined : {};
}

/** `spec` + `calls` → `spec.calls`; keys that aren't plain words are quoted. */
export function joinPath(path: string, key: string | number): string {
  if (typeof key === "number") return `${path}[${key}]`;
  if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

/** The keys of a path made by joinPath. */
export function splitPath(path: string): (string | number)[] {
  const keys: (string | number)[] = [];
  for (const match of path.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g)) {
    keys.push(
      match[1] !== undefined ? Number(match[1]) : match[2] !== undefined ? (JSON.parse(match[2]) as string) : match[3]!,
    );
  }
  return keys;
}
