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

/** All documents of files and folders (`*.yaml`, `*.yml`, `*.json`, sorted, not recursive); `-` is standard input. */
export function readDocuments(paths: readonly string[]): FileDocument[] {
  const documents = paths.flatMap(expand).flatMap((path) => parse(path, readText(path)));
  if (documents.length === 0)
    throw new CliError(
      "usage",
      `nothing is declared in ${paths.join(", ")}`,
      "Expected YAML or JSON documents with apiVersion, kind, metadata and spec.",
    );
  return documents;
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

/** Everything that is wrong with a file is told at once, each with line and column. */
export function parse(source: string, text: string): FileDocument[] {
  const parsed = parseDocuments(text);
  const wrong = parsed.flatMap(({ problems }) => problems);
  if (wrong.length > 0)
    throw new CliError(
      "usage",
      wrong.map((problem) => `${place(source, problem)}: ${describe(problem.toJSON())}`).join("\n"),
      "Nothing was changed.",
    );
  return parsed.map(({ value, line, locate }) => {
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
  });
}

function place(source: string, { line, column }: Problem): string {
  return line === undefined ? source : `${source}:${line}:${column ?? 1}`;
}
