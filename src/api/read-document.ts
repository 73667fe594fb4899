import { parseDocuments } from "../model/documents.ts";
import type { Document } from "../model/kinds.ts";
import { Problem } from "../model/problem.ts";
import { validate } from "../model/validate.ts";
import { Problems } from "../release/changes.ts";

/** Largest body that isn't an artifact. */
export const maxBodyBytes = 1024 * 1024;

/** Text of JSON or YAML as one value; syntax errors tell line and column. */
export function readText(text: string): unknown {
  if (text.trim() === "") throw new Problem("bad-request", "The body is empty.", { accepted: "a document in JSON or YAML" });
  try {
    return JSON.parse(text) as unknown;
  } catch { /* YAML, or broken: the YAML reader knows where. */ }
  const [document, ...more] = parseDocuments(text);
  if (document === undefined) throw new Problem("bad-request", "The body holds no document.", { accepted: "a document in JSON or YAML" });
  if (document.value === undefined) throw new Problems(document.problems);
  if (more.length > 0) throw new Problem("bad-request", `The body holds ${more.length + 1} documents.`, { found: more.length + 1, accepted: "one document for each request" });
  return document.value;
}

/** One valid document of any kind, with the places of what is wrong. */
export function readDocument(text: string): Document {
  const value = readText(text);
  const problems = validate(value);
  if (problems.length === 0) return value as Document;
  const located = parseDocuments(text)[0]?.problems;
  throw new Problems(located !== undefined && located.length > 0 ? located : problems);
}
