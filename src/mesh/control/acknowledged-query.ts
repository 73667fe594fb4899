import type { AcknowledgedQuery } from "./acknowledged.ts";

/** A query that can't be understood. */
export class QueryError extends Error {
  override readonly name = "QueryError";
  readonly code = "mesh/bad-query";
  readonly field: string;
  readonly found: string;
  readonly accepted: string;

  constructor(field: string, found: string, accepted: string) {
    super(`${field === "" ? "the body" : field}: found ${found}; accepted: ${accepted}`);
    this.field = field;
    this.found = found;
    this.accepted = accepted;
  }
}

/** The body of `POST /acknowledged`. Throws a QueryError. */
export function parseQuery(text: string): AcknowledgedQuery {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new QueryError("", "no JSON", "{objects: […], resources: […]}");
  }
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw new QueryError("", describe(body), "{objects: […], resources: […]}");
  const { objects, resources, ...rest } = body as Record<string, unknown>;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw new QueryError(unknown, "an unknown field", "objects, resources");
  return {
    objects: entries(
      "objects",
      objects,
      { kind: "string", name: "string" },
      { namespace: "string", resourceVersion: "string", deleted: "boolean" },
    ) as NonNullable<AcknowledgedQuery["objects"]>,
    resources: entries(
      "resources",
      resources,
      { type: "string", name: "string" },
      { version: "string" },
    ) as NonNullable<AcknowledgedQuery["resources"]>,
  };
}

type Shape = Record<string, "string" | "boolean">;

function entries(field: string, value: unknown, required: Shape, optional: Shape): Record<string, unknown>[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new QueryError(field, describe(value), "a list");
  return value.map((entry: unknown, index) => {
    const at = `${field}[${index}]`;
    if (typeof entry !== "object" || entry === null) throw new QueryError(at, describe(entry), "an object");
    const given = entry as Record<string, unknown>;
    for (const [name, type] of Object.entries({ ...required, ...optional })) {
      if (given[name] === undefined && name in optional) continue;
      if (typeof given[name] !== type) throw new QueryError(`${at}.${name}`, describe(given[name]), `a ${type}`);
    }
    for (const name of Object.keys(given))
      if (!(name in required) && !(name in optional))
        throw new QueryError(`${at}.${name}`, "an unknown field", Object.keys({ ...required, ...optional }).join(", "));
    return given;
  });
}

function describe(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value).slice(0, 100);
}
