import type { ProblemDocument } from "../api-client.ts";
import { CliError, exitCodes } from "../cli-error.ts";
import { readDocuments } from "../files.ts";
import { paint } from "../output.ts";
import { describe } from "../report-error.ts";
import { withClient } from "../with-client.ts";
import { inOrder, put } from "./apply.ts";

/** What is legal but probably wrong: of files (by a dry run), or of an app as it is declared. Exit code 1 when there is any. */
export async function lint(app: string | undefined, { filename }: { filename?: string[] }): Promise<void> {
  if (app === undefined && filename === undefined)
    throw new CliError("usage", "say what to lint: an app, or -f with files");
  await withClient(async (client) => {
    let found = 0;
    const say = (where: string, warnings: readonly ProblemDocument[]) => {
      for (const warning of warnings) {
        found++;
        console.log(`${where}: ${paint("yellow", "warning:")} ${describe(warning)}`);
      }
    };
    if (app !== undefined)
      say(
        app,
        (await client.get<{ warnings: ProblemDocument[] }>(`/api/v1/apps/${encodeURIComponent(app)}/lint`)).warnings,
      );
    for (const document of inOrder(filename === undefined ? [] : readDocuments(filename))) {
      const { body } = await put(client, document, { dryRun: true });
      for (const warning of body.warnings) say(document.locate(warning.field ?? ""), [warning]);
    }
    if (found === 0) console.log("nothing found");
    else process.exitCode = exitCodes.failed;
  });
}
