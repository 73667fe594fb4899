import { typeOf, type Schema } from "./schema-type.ts";

interface Parameter {
  name: string;
  in: "path" | "query" | "header" | "cookie";
  required?: boolean;
  schema: Schema;
}
interface Content {
  content?: Record<string, { schema?: Schema }>;
}
interface Operation {
  operationId: string;
  summary?: string;
  parameters?: Parameter[];
  requestBody?: Content;
  responses: Record<string, Content>;
}
export interface OpenApiDocument {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

/** TypeScript of a client's types, and a table of its operations, from an OpenAPI document. Pure. */
export function clientSource({ paths, components }: OpenApiDocument): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  return [
    "/* Made from docs/openapi.json. Edit the routes, not this. */",
    ...Object.entries(components.schemas).map(([name, schema]) => `export type ${name} = ${typeOf(schema)};`),
    "export interface Operations {",
    ...operations.map(
      ({ operation }) =>
        `${comment(operation)}  ${operation.operationId}: { path: ${parametersType(operation, "path")}; query: ${parametersType(operation, "query")}; body: ${bodyType(operation)}; answer: ${answerType(operation)} };`,
    ),
    "}",
    "export const operations = {",
    ...operations.map(
      ({ path, method, operation }) =>
        `  ${operation.operationId}: { method: ${JSON.stringify(method.toUpperCase())}, path: ${JSON.stringify(path)} },`,
    ),
    "} as const satisfies Record<keyof Operations, { method: string; path: string }>;",
    "",
  ].join("\n");
}

function comment({ summary }: Operation): string {
  return summary === undefined ? "" : `  /** ${summary.replaceAll("*/", "* /")} */\n`;
}

function parametersType({ parameters = [] }: Operation, place: Parameter["in"]): string {
  const fields = parameters.filter((parameter) => parameter.in === place);
  if (fields.length === 0) return "undefined";
  return typeOf({
    type: "object",
    properties: Object.fromEntries(fields.map(({ name, schema }) => [name, schema])),
    required: fields.filter(({ required }) => required === true).map(({ name }) => name),
  });
}

function bodyType({ requestBody }: Operation): string {
  return contentType(requestBody) ?? "undefined";
}

/** What comes when it went well, whatever the status. */
function answerType({ responses }: Operation): string {
  const types = Object.entries(responses).flatMap(([status, response]) =>
    status.startsWith("2") ? [contentType(response) ?? "undefined"] : [],
  );
  return [...new Set(types)].join(" | ") || "undefined";
}

function contentType(content: Content | undefined): string | undefined {
  const first = Object.entries(content?.content ?? {})[0];
  if (first === undefined) return undefined;
  const [type, { schema }] = first;
  return type === "application/json" && schema !== undefined ? typeOf(schema) : "string";
}
