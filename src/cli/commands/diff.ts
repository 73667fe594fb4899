import { ApiError } from "../api-client.ts";
import { exitCodes } from "../cli-error.ts";
import { fieldDiff } from "../field-diff.ts";
import { readDocuments } from "../files.ts";
import { pluralOf } from "../kind-names.ts";
import { paint } from "../output.ts";
import { withClient } from "../with-client.ts";
import { inOrder } from "./apply.ts";

/** Compares what files declare with what is declared; what the server fills in by itself isn't a difference. */
export async function diff(options: { filename: string[] }): Promise<void> {
  await withClient(async (client) => {
    let changed = false;
    for (const document of inOrder(readDocuments(options.filename))) {
      const path = `/api/v1/${pluralOf(document.kind)}/${encodeURIComponent(document.name)}`;
      let current: Record<string, unknown> | undefined;
      try {
        current = await client.get<Record<string, unknown>>(path);
      } catch (error) {
        if (!(error instanceof ApiError) || error.problem.status !== 404) throw error;
      }
      const changes = fieldDiff(declared(current), declared(document.value));
      if (changes.length === 0) continue;
      changed = true;
      console.log(
        paint("bold", `${document.kind.toLowerCase()}/${document.name}${current === undefined ? " (new)" : ""}`),
      );
      for (const { path: field, before, after } of changes) {
        if (before !== undefined) console.log(paint("red", `  - ${field}: ${JSON.stringify(before)}`));
        if (after !== undefined) console.log(paint("green", `  + ${field}: ${JSON.stringify(after)}`));
      }
    }
    if (changed) process.exitCode = exitCodes.failed;
  });
}

function declared(document: Record<string, unknown> | undefined): unknown {
  if (document === undefined) return {};
  const { labels } = (document.metadata ?? {}) as { labels?: Record<string, string> };
  return {
    ...(labels === undefined || Object.keys(labels).length === 0 ? {} : { metadata: { labels } }),
    spec: document.spec,
  };
}
