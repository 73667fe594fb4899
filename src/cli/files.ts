import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { isSeq, LineCounter, parseAllDocuments } from "yaml";
import { CliError } from "./cli-error.ts";

/** One declared thing of a file. `text` is what was written, so that the server can tell line and column. */
export interface FileDocument { source: string; kind: string; name: string; value: Record<string, unknown> }

/** All documents of files and folders (`*.yaml`, `*.yml`, `*.json`, sorted, not recursive); `-` is standard input. */
export function readDocuments(paths: readonly string[]): FileDocument[] {
  const documents = paths.flatMap(expand).flatMap((path) => parse(path, readText(path)));
  if (documents.length === 0) throw new CliError("usage", `nothing is declared in ${paths.join(", ")}`, "Expected YAML or JSON documents with apiVersion, kind, metadata and spec.");
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
  return readdirSync(path).filter((name) => /\.(ya?ml|json)$/.test(name)).sort().map((name) => join(path, name));
}

function readText(path: string): string {
  try {
    return readFileSync(path === "-" ? 0 : path, "utf8");
  } catch (error) {
    throw new CliError("usage", `${path} can't be read: ${(error as Error).message}`);
  }
}

/** Broken YAML is told with line and column; so is a document that isn't an object with a kind and a name. */
export function parse(source: string, text: string): FileDocument[] {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  if (!Array.isArray(parsed)) return [];
  return parsed.flatMap((document) => {
    const at = (offset: number) => {
      const { line, col } = lines.linePos(offset);
      return `${source}:${line}:${col}`;
    };
    const [error] = document.errors;
    if (error !== undefined) throw new CliError("usage", `${at(error.pos[0])}: ${error.message}`);
    const value = document.toJS() as unknown;
    if (value === null || value === undefined) return [];
    const start = document.contents?.range?.[0] ?? 0;
    if (isSeq(document.contents) || typeof value !== "object") throw new CliError("usage", `${at(start)}: a document must be an object with apiVersion, kind, metadata and spec`);
    const { kind, metadata } = value as { kind?: unknown; metadata?: { name?: unknown } };
    if (typeof kind !== "string") throw new CliError("usage", `${at(start)}: kind is missing`, "Accepted: App, Team, Segment, Cluster, Policy, TokenIssuer, Window.");
    if (typeof metadata?.name !== "string") throw new CliError("usage", `${at(start)}: metadata.name is missing`);
    return [{ source: `${source}:${lines.linePos(start).line}`, kind, name: metadata.name, value: value as Record<string, unknown> }];
  });
}
