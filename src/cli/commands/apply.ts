import type { Answer, ApiClient, ProblemDocument } from "../api-client.ts";
import { ApiError } from "../api-client.ts";
import { type FileDocument, readDocuments } from "../files.ts";
import { pluralOf } from "../kind-names.ts";
import { type OutputFormat, paint, render } from "../output.ts";
import { describe, reportError } from "../report-error.ts";
import { withClient } from "../with-client.ts";

export interface ApplyOptions {
  filename: string[];
  dryRun?: boolean;
  why?: string;
  output: OutputFormat;
}

/** What the API answers to a write. */
export interface Written {
  kind: string;
  metadata: { name: string };
  outcome: "created" | "updated" | "unchanged";
  warnings: ProblemDocument[];
  /** Names of the releases that follow from it. */ releases: string[];
}

/** Order in which kinds are declared, so that one file can hold an app and its segment in any order. */
const order = ["TokenIssuer", "Cluster", "Team", "Segment", "Policy", "Window", "App"];

export function inOrder(documents: readonly FileDocument[]): FileDocument[] {
  const rank = (kind: string) => (order.includes(kind) ? order.indexOf(kind) : order.length);
  return [...documents].sort((a, b) => rank(a.kind) - rank(b.kind));
}

/** All documents are checked by a dry run before the first is written: one wrong field leaves everything as it was. */
export async function apply(options: ApplyOptions): Promise<void> {
  const documents = inOrder(readDocuments(options.filename));
  await withClient(async (client) => {
    if (!(await check(client, documents))) return;
    const written: Written[] = [];
    for (const document of documents) {
      const answer = await put(client, document, { dryRun: options.dryRun === true, why: options.why });
      written.push(answer.body);
      if (options.output === "table" || options.output === "name") say(document, answer, options);
    }
    if (options.output === "json" || options.output === "yaml") console.log(render(written, options.output));
  });
}

/** Tells what can't be applied; the exit code is then that of the first refusal (a conflict is no wrong file). */
async function check(client: ApiClient, documents: readonly FileDocument[]): Promise<boolean> {
  let wrong = 0;
  for (const document of documents) {
    try {
      await put(client, document, { dryRun: true });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // What an earlier document of the same files will bring isn't there yet in a dry run.
      if (error.problem.code === "unknown-reference" && documents.some(({ name }) => name === error.problem.found))
        continue;
      wrong++;
      process.stderr.write(`${document.locate(error.problem.field ?? "")}: ${document.kind} ${document.name}\n`);
      const code = reportError(error);
      if (wrong === 1) process.exitCode = code;
    }
  }
  if (wrong > 0)
    process.stderr.write(
      `${paint("red", "error:", process.stderr)} ${wrong} of ${documents.length} documents can't be applied; nothing was changed\n`,
    );
  return wrong === 0;
}

export async function put(
  client: ApiClient,
  document: FileDocument,
  { dryRun, why, ifMatch }: { dryRun?: boolean; why?: string | undefined; ifMatch?: string } = {},
): Promise<Answer<Written>> {
  return client.call<Written>("PUT", `/api/v1/${pluralOf(document.kind)}/${encodeURIComponent(document.name)}`, {
    body: document.value,
    query: { dryRun: dryRun === true ? true : undefined, why },
    ...(ifMatch === undefined ? {} : { headers: { "if-match": ifMatch } }),
  });
}

function say(document: FileDocument, { body }: Answer<Written>, options: ApplyOptions): void {
  const id = `${document.kind.toLowerCase()}/${document.name}`;
  console.log(options.output === "name" ? id : `${id} ${body.outcome}${options.dryRun === true ? " (dry run)" : ""}`);
  for (const release of body.releases)
    if (options.output === "table" && options.dryRun !== true) console.log(`  release ${release}`);
  sayWarnings(body.warnings);
}

export function sayWarnings(warnings: readonly ProblemDocument[]): void {
  for (const warning of warnings)
    process.stderr.write(`  ${paint("yellow", "warning:", process.stderr)} ${describe(warning)}\n`);
}
