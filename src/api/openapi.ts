import { Type, type TSchema } from "typebox";
import { declaredKinds } from "../model/kinds.ts";
import { problemCodes } from "../model/problem-codes.ts";
import type { RouteDescription } from "./define-route.ts";

const Warning = Type.Object({
  code: Type.String(),
  title: Type.String(),
  detail: Type.String(),
  field: Type.Optional(Type.String()),
  found: Type.Optional(Type.Unknown()),
  accepted: Type.Optional(Type.String()),
  subject: Type.Optional(Type.String()),
});

function problemSchema(): object {
  return {
    type: "object",
    required: ["type", "title", "status", "detail", "code"],
    description: "RFC 9457 problem document.",
    properties: {
      type: { type: "string" },
      title: { type: "string" },
      status: { type: "integer" },
      detail: { type: "string" },
      instance: { type: "string" },
      code: { type: "string", enum: Object.keys(problemCodes), description: "Stable; docs/errors.md tells each." },
      field: { type: "string" },
      found: {},
      accepted: { type: "string" },
      line: { type: "integer" },
      column: { type: "integer" },
      subject: { type: "string" },
      problems: {
        type: "array",
        items: { $ref: "#/components/schemas/Problem" },
        description: "All of them, when there are several.",
      },
    },
  };
}

function componentSchemas(): Record<string, unknown> {
  const schemas: Record<string, unknown> = { Problem: problemSchema(), Warning };
  for (const { kind, schema } of Object.values(declaredKinds)) {
    const reference = { $ref: `#/components/schemas/${kind}` };
    schemas[kind] = schema;
    schemas[`${kind}List`] = {
      type: "object",
      required: ["items", "total", "revision"],
      properties: {
        apiVersion: { type: "string" },
        kind: { type: "string" },
        items: { type: "array", items: reference },
        total: { type: "integer", description: "On all pages." },
        revision: { type: "integer", description: "Store revision of the page." },
        continue: { type: "string", description: "For the next page; absent on the last." },
      },
    };
    schemas[`${kind}Written`] = {
      allOf: [
        reference,
        {
          type: "object",
          required: ["outcome", "warnings", "releases"],
          properties: {
            outcome: { enum: ["created", "updated", "unchanged", "deleted"] },
            warnings: { type: "array", items: { $ref: "#/components/schemas/Warning" } },
            releases: {
              type: "array",
              items: { type: "string" },
              description: "Releases that were accepted because of it.",
            },
          },
        },
      ],
    };
  }
  return schemas;
}

function schemaOf(schema: TSchema | string): unknown {
  return typeof schema === "string" ? { $ref: `#/components/schemas/${schema}` } : schema;
}

function parametersOf({ params, query, headers }: RouteDescription): unknown[] {
  const fields = (
    schema: { properties?: Record<string, { description?: string }> } | undefined,
    place: "path" | "query",
  ) =>
    Object.entries(schema?.properties ?? {}).map(([name, field]) => ({
      name,
      in: place,
      required: place === "path",
      ...(field.description !== undefined && { description: field.description }),
      schema: field,
    }));
  return [
    ...fields(params, "path"),
    ...fields(query, "query"),
    ...Object.entries(headers ?? {}).map(([name, description]) => ({
      name,
      in: "header",
      required: false,
      description,
      schema: { type: "string" },
    })),
  ];
}

/** The OpenAPI 3.1 document of these routes; its schemas are those that validate. */
export function openApi(routes: readonly RouteDescription[]): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  const problem = {
    description: "A problem, by its code.",
    content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
  };
  for (const route of [...routes].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))) {
    const parameters = parametersOf(route);
    const answers = Object.fromEntries(
      Object.entries(route.answers).map(([status, { description, schema, type = "application/json" }]) => [
        status,
        { description, ...(schema !== undefined && { content: { [type]: { schema: schemaOf(schema) } } }) },
      ]),
    );
    (paths[route.path.replace(/:(\w+)/g, "{$1}")] ??= {})[route.method.toLowerCase()] = {
      operationId: route.id,
      summary: route.summary,
      ...(parameters.length > 0 && { parameters }),
      ...(route.body !== undefined && {
        requestBody: {
          required: true,
          content: Object.fromEntries(route.body.types.map((type) => [type, { schema: schemaOf(route.body!.schema) }])),
        },
      }),
      responses: { ...answers, default: problem },
      ...(route.open === true && { security: [] }),
    };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Quipu",
      version: "v1",
      description: "The API layer above a fleet of Kubernetes and Istio clusters.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      schemas: componentSchemas(),
      securitySchemes: {
        token: { type: "http", scheme: "bearer" },
        session: { type: "apiKey", in: "cookie", name: "quipu_session" },
      },
    },
  };
}
