import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseDocuments } from "../model/documents.ts";
import type { Problem } from "../model/problem.ts";
import { CliError } from "./cli-error.ts";
import { describe } from "./report-error.ts";

/** One declared thing of a file, valid by its schema. `source` is `file:line`. */
export interface FileDocument {
  source: string;
  kind: string;
  name: string;
  value: Record<string, unknown>;
  /** `file:line:column` of a field, for what the server finds wrong later. */
  locate: (field: string) => string;
}

/** What files declare, and everything that is wrong with them, a text with its place each. */
export interface FilesRead {
  documents: FileDocument[];
  wrong: string[];
}

/** All documents of files and folders (`*.yaml`, `*.yml`, `*.json`, sorted, not recursive); `-` is standard input. One wrong file doesn't keep the others from being read. */
export function readFiles(paths: readonly string[]): FilesRead {
  const read = paths.flatMap((path) => {
    try {
      return expand(path).map((one) => parse(one, readText(one)));
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      return [{ documents: [], wrong: [error.message] }];
    }
  });
  return {
    documents: read.flatMap(({ documents }) => documents),
    wrong: read.flatMap(({ wrong }) => wrong),
  };
}

/** The same, for those who can't go on with a part. Throws CliError `usage` that tells all that is wrong. */
export function readDocuments(paths: readonly string[]): FileDocument[] {
  const { documents, wrong } = readFiles(paths);
  if (wrong.length > 0) throw new CliError("usage", wrong.join("\n"), "Nothing was changed.");
  if (documents.length === 0) throw nothingDeclared(paths);
  return documents;
}

export function nothingDeclared(paths: readonly string[]): CliError {
  return new CliError(
    "usage",
    `nothing is declared in ${paths.join(", ")}`,
    "Expected YAML or JSON documents with apiVersion, kind, metadata and spec.",
  );
}

function expand(path: string): string[] {
  if (path === "-") return [path];
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch {
    throw new CliError("usage", `${path} doesn't exist or can't be read`);
  }
  if (!isFolder) return [path];
  return readdirSync(path)
    .filter((name) => /\.(ya?ml|json)$/.test(name))
    .sort()
    .map((name) => join(path, name));
}

function readText(path: string): string {
  try {
    return readFileSync(path === "-" ? 0 : path, "utf8");
  } catch (error) {
    throw new CliError("usage", `${path} can't be read: ${(error as Error).message}`);
  }
}

/** Everything of one text: its valid documents, and what is wrong with the others, with line and column. */
export function parse(source: string, text: string): FilesRead {
  const parsed = parseDocuments(text);
  const place = ({ line, column }: Problem) => (line === undefined ? source : `${source}:${line}:${column ?? 1}`);
  return {
    wrong: parsed.flatMap(({ problems }) =>
      problems.map((problem) => `${place(problem)}: ${describe(problem.toJSON())}`),
    ),
    documents: parsed
      .filter(({ problems }) => problems.length === 0)
      .map(({ value, line, locate }) => {
        const document = value as Record<string, unknown> & { kind: string; metadata: { name: string } };
        return {
          source: `${source}:${line}`,
          kind: document.kind,
          name: document.metadata.name,
          value: document,
          locate: (field: string) => {
            const at = locate(field);
            return `${source}:${at.line}:${at.column}`;
          },
        };
      }),
  };
}
