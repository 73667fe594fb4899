/** One changed field of a JSON document. `before` or `after` is undefined where the field is absent. */
export interface FieldChange {
  path: string;
  before: unknown;
  after: unknown;
}

/** Field by field, objects by key and lists by index; keys sorted, so that the same two documents give the same text. */
export function fieldDiff(before: unknown, after: unknown, path = ""): FieldChange[] {
  if (isContainer(before) && isContainer(after) && Array.isArray(before) === Array.isArray(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    if (!Array.isArray(before)) keys.sort();
    return keys.flatMap((key) =>
      fieldDiff(
        (before as Record<string, unknown>)[key],
        (after as Record<string, unknown>)[key],
        Array.isArray(before) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`,
      ),
    );
  }
  return Object.is(before, after) ? [] : [{ path, before, after }];
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
