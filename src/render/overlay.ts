import type { Overlay } from "../model/parts.ts";
import type { KubeObject } from "../objects/meta.ts";

/**
 * Lays an app's overlays over one of its objects: JSON merge patch (RFC 7386), but lists whose entries have a `name` are
 * merged by it, so that one field of one container can be patched.
 */
export function withOverlay(object: KubeObject, overlay: readonly Overlay[]): KubeObject {
  let patched: unknown = object;
  let used = false;
  for (const { kind, name, patch } of overlay) {
    if (kind !== object.kind || (name !== undefined && name !== object.metadata.name)) continue;
    patched = merge(patched, patch);
    used = true;
  }
  if (!used) return object;
  const result = patched as KubeObject;
  // Shown wherever it is in force.
  return {
    ...result,
    metadata: { ...result.metadata, annotations: { ...result.metadata.annotations, "quipu.dev/overlay": "true" } },
  };
}

function merge(target: unknown, patch: unknown): unknown {
  if (isNamedList(patch) && isNamedList(target)) {
    const patches = new Map(patch.map((item) => [item.name, item]));
    const known = new Set(target.map(({ name }) => name));
    return [
      ...target.map((item) => (patches.has(item.name) ? merge(item, patches.get(item.name)) : item)),
      ...patch.filter(({ name }) => !known.has(name)).map((item) => merge({}, item)),
    ];
  }
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> =
    typeof target === "object" && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete result[field];
    else result[field] = merge(result[field], value);
  }
  return result;
}

function isNamedList(value: unknown): value is { name: string }[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every(
      (item: unknown) =>
        typeof item === "object" && item !== null && typeof (item as { name?: unknown }).name === "string",
    )
  );
}
