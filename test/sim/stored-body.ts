import type { ObjectBody } from "../../src/store/store.ts";

/** The texts of what bodies are made of. */
const texts = new WeakMap<object, string>();

function textOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  let text = texts.get(value);
  if (text === undefined) texts.set(value, (text = JSON.stringify(value)));
  return text;
}

/**
 * A body as it is stored: a copy through JSON. Parts of it that say the same as before are the same objects; if all do, the
 * body is the one before. Whoever reads a body changes nothing in it, as everywhere in src/.
 */
export function storedBody(body: ObjectBody, before: ObjectBody | undefined): ObjectBody {
  const was = before as Record<string, unknown> | undefined;
  const stored: Record<string, unknown> = {};
  let same = was !== undefined;
  for (const [part, value] of Object.entries(body)) {
    if (was !== undefined && was[part] === value) {
      stored[part] = value;
      continue;
    }
    const text = JSON.stringify(value) as string | undefined;
    if (text === undefined) continue;
    if (was !== undefined && textOf(was[part]) === text) {
      stored[part] = was[part];
      continue;
    }
    same = false;
    stored[part] = JSON.parse(text);
    if (typeof stored[part] === "object" && stored[part] !== null) texts.set(stored[part], text);
  }
  same &&= Object.keys(stored).length === Object.keys(was!).length;
  return same ? before! : (stored as unknown as ObjectBody);
}
