import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Plugin } from "vite";
import { clientSource, type OpenApiDocument } from "./client-source.ts";

/** Writes `generated/api.ts` from the committed OpenAPI document before anything is built. */
export function openapiClient(): Plugin {
  return {
    name: "quipu-openapi-client",
    configResolved({ root }) {
      const target = join(root, "generated", "api.ts");
      const source = clientSource(
        JSON.parse(readFileSync(join(root, "..", "docs", "openapi.json"), "utf8")) as OpenApiDocument,
      );
      if (source === existing(target)) return;
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, source);
    },
  };
}

function existing(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
