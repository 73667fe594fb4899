import { fieldsOfMessage, isMessage, messageOf, type FieldType } from "../../objects/field-types.ts";
import type { Kind } from "../../objects/kinds.ts";
import { groupVersion } from "../../objects/meta.ts";
import { itemRule, mergeRule, type MergeRule } from "../../objects/merge-keys.ts";

export type Schema = Record<string, unknown>;
const prefix = "#/components/schemas/";

/** `io.k8s.api.apps.v1.Deployment`, `io.istio.networking.v1.VirtualService`: as the real documents call them. */
function componentName(message: string): string {
  if (message.startsWith("meta.")) return `io.k8s.apimachinery.pkg.apis.${message}`;
  return /^(networking|security|telemetry)\./.test(message) ? `io.istio.${message}` : `io.k8s.api.${message}`;
}

const scalars: Readonly<Record<string, Schema>> = {
  string: { type: "string" },
  boolean: { type: "boolean" },
  integer: { type: "integer", format: "int64" },
  number: { type: "number" },
  bytes: { type: "string", format: "byte" },
  time: { type: "string", format: "date-time" },
  microtime: { type: "string", format: "date-time" },
  quantity: { type: "string" },
  "int-or-string": { type: "string", format: "int-or-string" },
  json: { type: "object" },
};

function typed(field: FieldType): Schema {
  const one = (type: string): Schema =>
    type.startsWith("[]")
      ? { type: "array", items: one(type.slice(2)) }
      : type.startsWith("{}")
        ? { type: "object", additionalProperties: one(type.slice(2)) }
        : isMessage(type)
          ? { $ref: `${prefix}${componentName(type)}` }
          : { ...scalars[type], ...(field.enum === undefined ? {} : { enum: field.enum }) };
  const item = field.wrapped ? { type: "array", items: one(field.type) } : one(field.type);
  return field.shape === "list"
    ? { type: "array", items: item }
    : field.shape === "map"
      ? { type: "object", additionalProperties: item }
      : item;
}

function merging(rule: MergeRule): Schema {
  return {
    ...(rule.keys === undefined ? {} : { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": rule.keys }),
    ...(rule.set === undefined ? {} : { "x-kubernetes-list-type": "set" }),
    ...(rule.atomic === undefined ? {} : { "x-kubernetes-map-type": "atomic" }),
    ...(rule.patchKey === undefined
      ? {}
      : {
          "x-kubernetes-patch-strategy": "merge",
          ...(rule.patchKey === "" ? {} : { "x-kubernetes-patch-merge-key": rule.patchKey }),
        }),
  };
}

/** The schema of a kind and of everything it refers to, into `components`. @returns the kind's own component name. */
export function addSchemas(kind: Kind, components: Record<string, Schema>): string {
  const message = messageOf(kind.apiVersion, kind.kind);
  if (message === undefined) throw new Error(`no fields are known of ${kind.apiVersion} ${kind.kind}`);
  add(message, mergeRule(kind), components);
  const name = componentName(message);
  const { group, version } = groupVersion(kind.apiVersion);
  const { properties } = components[name] as { properties: Record<string, Schema> };
  components[name] = {
    ...components[name],
    properties: { apiVersion: { type: "string" }, kind: { type: "string" }, ...properties },
    "x-kubernetes-group-version-kind": [{ group, version, kind: kind.kind }],
  };
  return name;
}

function add(message: string, rule: MergeRule, components: Record<string, Schema>): void {
  const name = componentName(message);
  if (components[name] !== undefined) return;
  const properties: Record<string, Schema> = {};
  components[name] = { type: "object", properties };
  for (const [field, type] of fieldsOfMessage(message)) {
    const inner = rule.fields?.[field] ?? {};
    const extensions = merging(inner);
    const schema = typed(type);
    // Beside a $ref nothing else counts (OpenAPI 3.0), hence allOf.
    properties[field] =
      Object.keys(extensions).length > 0 && schema["$ref"] !== undefined
        ? { allOf: [schema], ...extensions }
        : { ...schema, ...extensions };
    const bare = type.type.replace(/^(\[\]|\{\})+/, "");
    if (isMessage(bare)) add(bare, type.shape === "list" ? itemRule(inner) : inner, components);
  }
}
