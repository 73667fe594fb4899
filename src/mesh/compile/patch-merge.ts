import { clone, fromBinary, toBinary, type DescMessage, type MessageShape, type Registry } from "@bufbuild/protobuf";
import { reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import type { Any } from "@bufbuild/protobuf/wkt";

/**
 * Protobuf merge: single fields are replaced, sub-messages merged, lists appended, map entries replaced. A duration is one
 * value and is replaced as a whole, as in istiod: 10s merged with 0.25s is 0.25s. Returns a new message.
 */
export function merged<D extends DescMessage>(
  schema: D,
  target: MessageShape<D>,
  source: MessageShape<D>,
): MessageShape<D> {
  const result = clone(schema, target);
  mergeInto(reflect(schema, result), reflect(schema, clone(schema, source)));
  return result;
}

function mergeInto(target: ReflectMessage, source: ReflectMessage): void {
  for (const field of source.fields) {
    if (!source.isSet(field)) continue;
    if (field.fieldKind === "list") for (const item of source.get(field)) target.get(field).add(item);
    else if (field.fieldKind === "map") for (const [key, value] of source.get(field)) target.get(field).set(key, value);
    else if (
      field.fieldKind === "message" &&
      target.isSet(field) &&
      field.message.typeName !== "google.protobuf.Duration"
    ) {
      const merging = target.get(field);
      mergeInto(merging, source.get(field));
      target.set(field, merging);
    } else target.set(field, source.get(field));
  }
}

/** Two configurations of one extension: merged when they are of the same type, else the second replaces the first. */
export function mergedAny(registry: Registry, target: Any, source: Any): Any {
  const schema =
    target.typeUrl === source.typeUrl
      ? registry.getMessage(target.typeUrl.slice(target.typeUrl.lastIndexOf("/") + 1))
      : undefined;
  if (schema === undefined) return source;
  return {
    ...source,
    value: toBinary(schema, merged(schema, fromBinary(schema, target.value), fromBinary(schema, source.value))),
  };
}

/** Where a new entry goes in a list, for INSERT_BEFORE, INSERT_AFTER, INSERT_FIRST and ADD; undefined: nowhere (its neighbour isn't there). */
export function insertAt(operation: string, count: number, neighbour: number): number | undefined {
  if (operation === "ADD") return count;
  if (operation === "INSERT_FIRST") return 0;
  if (neighbour < 0) return undefined;
  return operation === "INSERT_BEFORE" ? neighbour : operation === "INSERT_AFTER" ? neighbour + 1 : undefined;
}
