import { fit } from "../fit-line.ts";
import { historyEntry, historyTable } from "../history-table.ts";
import { render, type OutputFormat } from "../output.ts";
import { newestReleases } from "../under-way.ts";
import { canvas } from "../watch.ts";
import { withClient } from "../with-client.ts";

export interface HistoryOptions {
  output: OutputFormat;
  json?: boolean;
  limit: number;
}

/** An app's releases, newest first. Of an app that was deleted too. */
export async function history(app: string, { output, json, limit }: HistoryOptions): Promise<void> {
  await withClient(async (client) => {
    const releases = await newestReleases(client, app, limit);
    if (releases.length === 0) await client.get(`/api/v1/apps/${encodeURIComponent(app)}`); // says that there is no such app
    const entries = releases.map(historyEntry);
    const format = json === true ? "json" : output;
    if (format === "json" || format === "yaml") console.log(render({ app, releases: entries }, format));
    else if (format === "name") for (const { metadata } of releases) console.log(`releases/${metadata.name}`);
    else if (entries.length === 0)
      console.log(`${app} has no release yet. A first one: quipu deploy ${app} --image IMAGE, or --from DIR`);
    else {
      const { columns, paint } = canvas();
      for (const line of historyTable(entries, Date.now(), paint)) console.log(fit(line, columns));
    }
  });
}
