import { fieldsOfMessage, isMessage, messageOf, type FieldType } from "../../objects/field-types.ts";
import type { Kind } from "../../objects/kinds.ts";
import type { KubeObject } from "../../objects/meta.ts";
import { badRequest, invalid, type StatusCause } from "./api-error.ts";
import { isMap } from "./field-walk.ts";

export type FieldValidation = "Strict" | "Warn" | "Ignore";

interface Findings {
  unknown: string[];
  wrong: StatusCause[];
}

const typeName = (value: unknown): string =>
  Array.isArray(value) ? "array" : Number.isInteger(value) ? "integer" : typeof value;

function fits(value: unknown, { type }: FieldType): boolean {
  switch (type) {
    case "string":
      return typeof value === "string";
    case "boolean":
      return typeof value === "boolean";
    case "integer":
      return Number.isInteger(value);
    case "number":
      return typeof value === "number";
    case "bytes":
      return typeof value === "string" && /^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(value);
    case "time":
    case "microtime":
      return typeof value === "string" && !Number.isNaN(Date.parse(value));
    case "quantity":
      return (
        typeof value === "number" ||
        (typeof value === "string" && /^[+-]?(\d+\.?\d*|\.\d+)(([KMGTPE]i)|[numkMGTPE]|[eE][+-]?\d+)?$/.test(value))
      );
    case "int-or-string":
      return Number.isInteger(value) || typeof value === "string";
    default:
      return true;
  }
}

const expected: Readonly<Record<string, string>> = {
  bytes: "base64",
  time: "RFC 3339 time",
  microtime: "RFC 3339 time",
  quantity: "quantity",
  "int-or-string": "integer or string",
};

function check(holder: Record<string, unknown>, message: string, path: string, found: Findings): void {
  const fields = fieldsOfMessage(message);
  for (const [name, value] of Object.entries(holder)) {
    const field = fields.get(name);
    const here = path === "" ? name : `${path}.${name}`;
    if (field === undefined) {
      if (path === "" && (name === "apiVersion" || name === "kind")) continue;
      found.unknown.push(here);
      delete holder[name];
    } else if (value === null) delete holder[name];
    else checkShape(value, field, here, found);
  }
}

function checkShape(value: unknown, field: FieldType, path: string, found: Findings): void {
  if (field.shape === "list" || field.wrapped) {
    if (!Array.isArray(value)) found.wrong.push(wrong(path, value, "array"));
    else value.forEach((item, index) => checkValue(item, field, `${path}[${index}]`, found));
  } else if (field.shape === "map") {
    if (!isMap(value)) found.wrong.push(wrong(path, value, "object"));
    else for (const [key, item] of Object.entries(value)) checkValue(item, field, `${path}.${key}`, found);
  } else checkValue(value, field, path, found);
}

function checkValue(value: unknown, field: FieldType, path: string, found: Findings): void {
  if (field.type.startsWith("[]") || field.type.startsWith("{}")) {
    checkShape(
      value,
      { ...field, shape: field.type.startsWith("[]") ? "list" : "map", type: field.type.slice(2) },
      path,
      found,
    );
  } else if (isMessage(field.type)) {
    if (isMap(value)) check(value, field.type, path, found);
    else found.wrong.push(wrong(path, value, "object"));
  } else if (!fits(value, field)) found.wrong.push(wrong(path, value, expected[field.type] ?? field.type));
  else if (field.enum !== undefined && !field.enum.includes(value as string)) {
    found.wrong.push({
      reason: "FieldValueNotSupported",
      message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${field.enum.map((one) => JSON.stringify(one)).join(", ")}`,
      field: path,
    });
  }
}

function wrong(path: string, value: unknown, type: string): StatusCause {
  return {
    reason: "FieldValueTypeInvalid",
    message: `Invalid value: ${JSON.stringify(typeName(value))}: ${path} in body must be of type ${type}: ${JSON.stringify(typeName(value))}`,
    field: path,
  };
}

/**
 * Checks what a client sent against the published fields of its kind (field-table.json), and takes out of `object`
 * what is null or unknown, as decoding does in a kube-apiserver.
 * @returns warnings, with Warn. @throws ApiError 400 for unknown fields with Strict; 422 for values of another type,
 * in custom resources also for words that an enumeration doesn't have. `duplicates`: paths that the text gave twice.
 */
export function checkFields(
  kind: Kind,
  object: KubeObject,
  validation: FieldValidation,
  duplicates: readonly string[] = [],
): string[] {
  const message = messageOf(kind.apiVersion, kind.kind);
  if (message === undefined) return [];
  const found: Findings = { unknown: [], wrong: [] };
  check(object as unknown as Record<string, unknown>, message, "", found);
  if (found.wrong.length > 0) throw invalid(kind, object.metadata.name ?? "", found.wrong);
  const texts = [
    ...duplicates.map((path) => `duplicate field "${path}"`),
    ...found.unknown.map((path) => `unknown field "${path}"`),
  ];
  if (texts.length > 0 && validation === "Strict")
    throw badRequest(
      `${kind.kind} in version "${kind.apiVersion}" cannot be handled as a ${kind.kind}: strict decoding error: ${texts.join(", ")}`,
    );
  return validation === "Warn" ? texts : [];
}
