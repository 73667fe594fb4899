import { CliError } from "../cli-error.ts";
import { readDocuments } from "../files.ts";
import { pluralOf } from "../kind-names.ts";
import { withClient } from "../with-client.ts";
import { inOrder, sayReleases, sayWarnings, type Written } from "./apply.ts";

export interface DeleteOptions {
  filename?: string[];
  dryRun?: boolean;
  why?: string;
}

export async function remove(
  kind: string | undefined,
  names: readonly string[],
  options: DeleteOptions,
): Promise<void> {
  const wanted =
    options.filename !== undefined
      ? inOrder(readDocuments(options.filename))
          .reverse()
          .map((document) => ({ plural: pluralOf(document.kind), name: document.name }))
      : kind === undefined || names.length === 0
        ? []
        : names.map((name) => ({ plural: pluralOf(kind), name }));
  if (wanted.length === 0) throw new CliError("usage", "say what to delete: a kind and names, or -f with files");
  await withClient(async (client) => {
    for (const { plural, name } of wanted) {
      const { body } = await client.call<Written>("DELETE", `/api/v1/${plural}/${encodeURIComponent(name)}`, {
        query: { why: options.why, dryRun: options.dryRun === true ? true : undefined },
      });
      console.log(`${plural}/${name} deleted${options.dryRun === true ? " (dry run)" : ""}`);
      if (options.dryRun !== true) sayReleases(body.releases);
      sayWarnings(body.warnings);
    }
  });
}
