import { expect, test } from "vitest";
import { clientSource } from "./client-source.ts";

const source = clientSource({
  paths: {
    "/api/v1/apps/{name}": {
      get: {
        operationId: "getApp",
        summary: "One app",
        parameters: [
          { name: "name", in: "path", required: true, schema: { type: "string" } },
          { name: "limit", in: "query", schema: { type: "integer" } },
          { name: "If-Match", in: "header", schema: { type: "string" } },
        ],
        responses: {
          200: { content: { "application/json": { schema: { $ref: "#/components/schemas/App" } } } },
          default: { content: { "application/problem+json": { schema: {} } } },
        },
      },
      delete: { operationId: "deleteApp", responses: { 204: {} } },
    },
    "/metrics": {
      get: {
        operationId: "metrics",
        responses: { 200: { content: { "text/plain": { schema: { type: "string" } } } } },
      },
    },
  },
  components: { schemas: { App: { type: "object", properties: { name: { type: "string" } } } } },
});

test("types and operations", () => {
  expect(source.split("\n").slice(1)).toEqual([
    'export type App = { "name"?: string };',
    "export interface Operations {",
    "  /** One app */",
    '  getApp: { path: { "name": string }; query: { "limit"?: number }; body: undefined; answer: App };',
    "  deleteApp: { path: undefined; query: undefined; body: undefined; answer: undefined };",
    "  metrics: { path: undefined; query: undefined; body: undefined; answer: string };",
    "}",
    "export const operations = {",
    '  getApp: { method: "GET", path: "/api/v1/apps/{name}" },',
    '  deleteApp: { method: "DELETE", path: "/api/v1/apps/{name}" },',
    '  metrics: { method: "GET", path: "/metrics" },',
    "} as const satisfies Record<keyof Operations, { method: string; path: string }>;",
    "",
  ]);
});
