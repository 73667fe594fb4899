import { withClient } from "../with-client.ts";

export interface LogsOptions {
  follow?: boolean;
  tail: number;
  cluster?: string;
  pod?: string;
}

/** What an app's processes wrote, of all its pods or one; with `--follow` until Ctrl-C. */
export async function logs(app: string, { follow, tail, cluster, pod }: LogsOptions): Promise<void> {
  await withClient(async (client) => {
    const body = await client.stream(`/api/v1/apps/${encodeURIComponent(app)}/logs`, {
      follow: follow === true ? true : undefined,
      tail,
      cluster,
      pod,
    });
    for await (const chunk of body) process.stdout.write(chunk);
  });
}
