import type { JsonSchema } from "./json-schema.ts";

/** field (`traffic.timeout`) → what gave it: `default`, `segment NAME`, `policy NAME`, `app`, `override 0`. */
export type Provenance = Record<string, string>;
export interface Layer {
  origin: string;
  values: object;
}

/**
 * Lays layers over each other, field by field; the last one wins. Lists replace the whole list, and so do objects that
 * are one of several forms (a union in the schema): half of one form and half of another would be neither.
 */
export function layer(
  schema: JsonSchema,
  layers: readonly Layer[],
): { value: Record<string, unknown>; provenance: Provenance } {
  const provenance: Provenance = {};
  const value: Record<string, unknown> = {};
  for (const { origin, values } of layers)
    lay(value, values as Record<string, unknown>, schema, origin, "", provenance);
  return { value, provenance };
}

/** Fields that exclude each other: whoever gives one takes the other away. */
const rivals: Record<string, string> = {
  "traffic.perCaller.loadBalancing.policy": "traffic.perCaller.loadBalancing.consistentHash",
  "traffic.perCaller.loadBalancing.consistentHash": "traffic.perCaller.loadBalancing.policy",
};

function lay(
  target: Record<string, unknown>,
  values: Record<string, unknown>,
  schema: JsonSchema,
  origin: string,
  prefix: string,
  provenance: Provenance,
): void {
  for (const [field, value] of Object.entries(values)) {
    if (value === undefined) continue;
    const path = prefix === "" ? field : `${prefix}.${field}`;
    const inner = schema.properties?.[field] ?? Object.values(schema.patternProperties ?? {})[0];
    if (inner !== undefined && inner.type === "object" && typeof value === "object" && value !== null) {
      const below = (target[field] ??= {}) as Record<string, unknown>;
      lay(below, value as Record<string, unknown>, inner, origin, path, provenance);
      continue;
    }
    const rival = rivals[path];
    if (rival !== undefined) {
      delete target[rival.slice(rival.lastIndexOf(".") + 1)];
      delete provenance[rival];
    }
    target[field] = value;
    provenance[path] = origin;
  }
}
