import { readFileSync } from "node:fs";
import { CliError } from "../cli-error.ts";
import { withClient } from "../with-client.ts";

export interface ClusterAgentOptions {
  image: string;
  server?: string;
  caFile?: string;
}

export async function clusterAgent(name: string, { image, server, caFile }: ClusterAgentOptions): Promise<void> {
  let ca: string | undefined;
  try {
    ca = caFile === undefined ? undefined : readFileSync(caFile, "utf8");
  } catch (error) {
    throw new CliError("usage", `--ca-file: ${(error as Error).message}`);
  }
  await withClient(async (client) => {
    const chunks: Buffer[] = [];
    const url = server ?? client.server;
    if (/^https?:\/\/(127\.|localhost\b|\[::1\])/.test(url))
      console.error(
        `note: ${url} is this machine alone; give --server the URL by which the cluster reaches the server`,
      );
    const body = { image, server: url, ...(ca !== undefined && { ca }) };
    const path = `/api/v1/clusters/${encodeURIComponent(name)}/agent`;
    for await (const chunk of await client.stream(path, undefined, { method: "POST", body })) chunks.push(chunk);
    process.stdout.write(Buffer.concat(chunks));
  });
}
