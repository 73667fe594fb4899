/** JSON Schema (as far as the OpenAPI document uses it) → TypeScript types. Pure. */

export interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  patternProperties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
}

const componentPrefix = "#/components/schemas/";

/** The type of one schema. Throws a RangeError for a reference that leads outside of the components. */
export function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return nameOf(schema.$ref);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const union = schema.anyOf ?? schema.oneOf;
  if (union !== undefined) return [...new Set(union.map(typeOf))].join(" | ");
  if (schema.allOf !== undefined) return schema.allOf.map((part) => bracketed(typeOf(part))).join(" & ");
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type })).join(" | ");
  switch (schema.type) {
    case "string":
    case "boolean":
    case "null":
      return schema.type;
    case "integer":
    case "number":
      return "number";
    case "array":
      return schema.items === undefined ? "unknown[]" : `${bracketed(typeOf(schema.items))}[]`;
    case "object":
      return objectType(schema);
    default:
      return "unknown";
  }
}

function objectType(schema: Schema): string {
  const required = new Set(schema.required);
  const fields = Object.entries(schema.properties ?? {}).map(
    ([name, field]) => `${JSON.stringify(name)}${required.has(name) ? "" : "?"}: ${typeOf(field)}`,
  );
  const record = recordType(schema);
  if (fields.length === 0) return record ?? "Record<string, unknown>";
  const object = `{ ${fields.join("; ")} }`;
  // An open object may have more; what more that is, nobody promises.
  return record === undefined ? object : `${object} & ${record}`;
}

function recordType({ patternProperties, additionalProperties }: Schema): string | undefined {
  if (patternProperties !== undefined)
    return `Record<string, ${Object.values(patternProperties).map(typeOf).join(" | ")}>`;
  return typeof additionalProperties === "object" ? `Record<string, ${typeOf(additionalProperties)}>` : undefined;
}

function nameOf(reference: string): string {
  if (!reference.startsWith(componentPrefix)) throw new RangeError(`${reference} is no component`);
  return reference.slice(componentPrefix.length);
}

function bracketed(type: string): string {
  return /[|&]/.test(type) ? `(${type})` : type;
}
