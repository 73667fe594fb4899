import {
  isCollection,
  isMap,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Document as YamlDocument,
  type Node,
} from "yaml";
import { splitPath } from "./json-schema.ts";
import { Problem } from "./problem.ts";
import { validate } from "./validate.ts";

export interface ParsedDocument {
  /** The document as plain JSON; undefined when the YAML is broken. */
  value: unknown;
  /** Everything that is wrong with it, each with its line and column. Empty: it can be applied. */
  problems: Problem[];
  /** Line of its beginning, from 1. */
  line: number;
  /** Where a field stands (or the nearest field around it that is there), both from 1. */
  locate: (field: string) => { line: number; column: number };
}

/**
 * Reads YAML 1.2 or JSON with any number of documents, and validates each. Empty documents are passed over. Text that
 * isn't YAML gives a `broken-yaml` problem with line and column; the other documents are still read.
 */
export function parseDocuments(text: string): ParsedDocument[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document): ParsedDocument[] => {
    const place = (offset: number) => {
      const { line, col } = lines.linePos(offset);
      return { line, column: col };
    };
    const start = place(document.contents?.range?.[0] ?? document.range[0]);
    const broken = document.errors.map(
      (error) => new Problem("broken-yaml", error.message, { ...place(error.pos[0]), accepted: "YAML or JSON" }),
    );
    const locate = (field: string) => {
      const offset = offsetOf(document, splitPath(field));
      return offset === undefined ? start : place(offset);
    };
    if (broken.length > 0) return [{ value: undefined, problems: broken, line: start.line, locate }];
    let value: unknown;
    try {
      value = document.toJS();
      JSON.stringify(value);
    } catch (cause) {
      // Aliases that lead nowhere, explode or contain themselves are found only here.
      return [
        {
          value: undefined,
          problems: [new Problem("broken-yaml", (cause as Error).message, { ...start, cause })],
          line: start.line,
          locate,
        },
      ];
    }
    if (value === null || value === undefined) return [];
    const problems = validate(value).map((problem) => problem.with(locate(problem.field ?? "")));
    return [{ value, problems, line: start.line, locate }];
  });
}

/** Offset of the deepest key on the way that exists: a missing field is shown where its parent begins. */
function offsetOf(document: YamlDocument, path: (string | number)[]): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined = (node as Node | null)?.range?.[0];
  for (const key of path) {
    if (!isCollection(node)) break;
    if (isMap(node)) {
      const pair = node.items.find(
        ({ key: found }) => String((found as { value?: unknown } | null)?.value ?? found) === String(key),
      );
      if (pair === undefined) break;
      offset = (pair.key as Node | null)?.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(key)];
      if (item === undefined) break;
      offset = (item as Node).range?.[0] ?? offset;
      node = item;
    }
  }
  return offset;
}
