import { parseDocuments } from "../model/documents.ts";
import type { Document } from "../model/kinds.ts";
import { Problem } from "../model/problem.ts";
import { validate } from "../model/validate.ts";
import { jsonErrorAt } from "./json-error-at.ts";
import { Problems } from "../release/changes.ts";

/** Largest body that isn't an artifact. */
export const maxBodyBytes = 1024 * 1024;

/** Text of JSON or YAML as one value; syntax errors tell line and column. */
export function readText(text: string, type = ""): unknown {
  if (text.trim() === "")
    throw new Problem("bad-request", "The body is empty.", { accepted: "a document in JSON or YAML" });
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    // Broken JSON can be good YAML of another meaning: whoever said JSON gets told.
    if (type.startsWith("application/json"))
      throw new Problem("broken-yaml", `The body isn't JSON: ${(cause as Error).message}`, {
        ...jsonErrorAt(text),
        accepted: "JSON (RFC 8259)",
        cause,
      });
  }
  const [document, ...more] = parseDocuments(text);
  if (document === undefined)
    throw new Problem("bad-request", "The body holds no document.", { accepted: "a document in JSON or YAML" });
  if (document.value === undefined) throw new Problems(document.problems);
  if (more.length > 0)
    throw new Problem("bad-request", `The body holds ${more.length + 1} documents.`, {
      found: more.length + 1,
      accepted: "one document for each request",
    });
  return document.value;
}

/** One valid document of any kind, with the places of what is wrong. */
export function readDocument(text: string, type = ""): Document {
  const value = readText(text, type);
  const problems = validate(value);
  if (problems.length === 0) return value as Document;
  const located = parseDocuments(text)[0]?.problems;
  throw new Problems(located !== undefined && located.length > 0 ? located : problems);
}
