import { readFileSync } from "node:fs";
import { createFileRegistry, fromBinary, toJson } from "@bufbuild/protobuf";
import type { FileRegistry, JsonValue } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { XdsResource } from "../xds/delta-response.ts";

/** Every message of Envoy's API, from the descriptor set that set-up gathered. Reads a file; takes some 200 ms. */
export function envoyRegistry(): FileRegistry {
  const file = new URL("../../../gen/envoy.binpb", import.meta.url);
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(file)));
}

/** A resource as Envoy's JSON. */
export function resourceJson(resource: XdsResource, registry: FileRegistry): JsonValue {
  const name = resource.type.slice(resource.type.lastIndexOf("/") + 1);
  const schema = registry.getMessage(name);
  if (!schema) throw new TypeError(`${name} is not a message of Envoy's API`);
  return toJson(schema, fromBinary(schema, resource.bytes), { registry });
}
