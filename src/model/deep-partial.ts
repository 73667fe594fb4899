import { Type } from "typebox";
import type { Static, TSchema, TUnsafe } from "typebox";

export type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { [K in keyof T]?: DeepPartial<T[K]> }
    : T;

/**
 * A schema in which every field of every nested object may be left out: the shape of defaults and overrides. Lists stay
 * as they are, for a list replaces the whole list.
 */
export function deepPartial<S extends TSchema, const O extends string = never>(
  schema: S,
  omit: readonly O[] = [],
): TUnsafe<DeepPartial<Omit<Static<S>, O>>> {
  return Type.Unsafe<DeepPartial<Omit<Static<S>, O>>>(partial(schema as JsonSchema, omit));
}

type JsonSchema = { type?: string; properties?: Record<string, JsonSchema>; required?: string[] } & Record<
  string,
  unknown
>;

function partial(schema: JsonSchema, omit: readonly string[]): JsonSchema {
  if (schema.type !== "object" || schema.properties === undefined) return schema;
  const { required: _, ...rest } = schema;
  const kept = Object.entries(schema.properties).filter(([field]) => !omit.includes(field));
  return { ...rest, properties: Object.fromEntries(kept.map(([field, value]) => [field, partial(value, [])])) };
}
