import type { Answer, ApiClient, ProblemDocument } from "../api-client.ts";
import { ApiError } from "../api-client.ts";
import { CliError, exitCodes } from "../cli-error.ts";
import { type FileDocument, nothingDeclared, readFiles } from "../files.ts";
import { followReleases, newestOfEach, releaseKey } from "../follow-release.ts";
import { pluralOf } from "../kind-names.ts";
import { count, type OutputFormat, paint, render } from "../output.ts";
import { describe, reportError } from "../report-error.ts";
import { withClient } from "../with-client.ts";

export interface ApplyOptions {
  filename: string[];
  dryRun?: boolean;
  wait?: boolean;
  /** Ms; absent: as long as it takes. */
  timeout?: number;
  why?: string;
  output: OutputFormat;
}

/** What the API answers to a write. */
export interface Written {
  kind: string;
  metadata: { name: string };
  outcome: "created" | "updated" | "unchanged" | "deleted";
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
  const { documents: read, wrong } = readFiles(options.filename);
  if (read.length === 0 && wrong.length === 0) throw nothingDeclared(options.filename);
  const label = paint("red", "error:", process.stderr);
  for (const problem of wrong) process.stderr.write(`${label} ${problem}\n`);
  if (wrong.length > 0) process.exitCode = exitCodes.usage;
  const documents = inOrder(read);
  let refused = 0;
  try {
    if (documents.length > 0) refused = await withClient((client) => check(client, documents));
  } catch (error) {
    // Files that are wrong by themselves are told without a server too.
    if (wrong.length === 0 || !(error instanceof CliError)) throw error;
  }
  if (wrong.length + refused > 0) {
    process.stderr.write(
      `${label} ${count(wrong.length + refused, "mistake")} in ${options.filename.join(", ")}; nothing was changed\n`,
    );
    return;
  }
  await withClient(async (client) => {
    const written: Written[] = [];
    for (const document of documents) {
      const answer = await put(client, document, { dryRun: options.dryRun === true, why: options.why });
      written.push(answer.body);
      if (options.output === "table" || options.output === "name") say(document, answer, options);
    }
    if (options.output === "json" || options.output === "yaml") console.log(render(written, options.output));
    const releases = written.flatMap((one) => one.releases);
    if (options.dryRun !== true && releases.length > 0) {
      if (options.wait === true)
        await followReleases(
          client,
          newestOfEach(releases.map(releaseKey)),
          options.timeout === undefined ? {} : { timeoutMs: options.timeout },
        );
      else if (options.output === "table")
        process.stderr.write(`not in force yet: "quipu status APP" shows how far it is, --wait stays until the end\n`);
    }
  });
}

/** Tells what the server refuses and how much; the exit code is then that of the first refusal (a conflict is no wrong file). */
async function check(client: ApiClient, documents: readonly FileDocument[]): Promise<number> {
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
      process.exitCode ??= code;
    }
  }
  return wrong;
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
  if (options.output === "table" && options.dryRun !== true) sayReleases(body.releases);
  sayWarnings(body.warnings);
}

export function sayReleases(releases: readonly string[]): void {
  for (const release of releases) console.log(`  release ${release} is on its way`);
}

export function sayWarnings(warnings: readonly ProblemDocument[]): void {
  for (const warning of warnings)
    process.stderr.write(`  ${paint("yellow", "warning:", process.stderr)} ${describe(warning)}\n`);
}
