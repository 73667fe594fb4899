import { readFileSync, writeFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { pino } from "pino";
import { expect, test } from "vitest";
import { vocabulary } from "../model/schema.ts";
import { buildApi } from "./build-api.ts";
import type { ApiContext } from "./context.ts";
import { openApi } from "./openapi.ts";

const path = new URL("../../docs/openapi.json", import.meta.url);

async function document(): Promise<any> {
  const unused = new Proxy({}, { get: () => () => undefined });
  const { app, routes } = await buildApi({
    store: unused,
    engine: unused,
    artifacts: unused,
    clusters: new Map(),
    trustDomain: "quipu.local",
    log: pino({ level: "silent" }),
    now: () => 0,
    secret: () => "",
    notReady: () => [],
  } as unknown as ApiContext);
  await app.close();
  return JSON.parse(JSON.stringify(openApi(routes.descriptions)));
}

test("docs/openapi.json is what the routes say (UPDATE_GOLDEN=1 rewrites it)", async () => {
  const text = `${JSON.stringify(await document(), null, 2)}\n`;
  if (process.env.UPDATE_GOLDEN === "1") writeFileSync(path, text);
  expect(readFileSync(path, "utf8")).toBe(text);
});

test("every schema compiles, every reference exists, every operation has an id of its own", async () => {
  const api = await document();
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  for (const word of vocabulary) if (ajv.getKeyword(word) === false) ajv.addKeyword(word);
  ajv.addSchema(api, "api");
  for (const name of Object.keys(api.components.schemas))
    expect(() => ajv.getSchema(`api#/components/schemas/${name}`), name).not.toThrow();
  for (const [, name] of JSON.stringify(api.paths).matchAll(/"#\/components\/schemas\/(\w+)"/g))
    expect(api.components.schemas[name!], name).toBeDefined();
  const ids = Object.values<Record<string, { operationId: string }>>(api.paths).flatMap((methods) =>
    Object.values(methods).map((operation) => operation.operationId),
  );
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBeGreaterThan(40);
});
