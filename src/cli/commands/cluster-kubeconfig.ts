import { withClient } from "../with-client.ts";

export async function kubeconfig(name: string): Promise<void> {
  await withClient(async (client) => {
    const chunks: Buffer[] = [];
    for await (const chunk of await client.stream(`/api/v1/clusters/${encodeURIComponent(name)}/kubeconfig`))
      chunks.push(chunk);
    process.stdout.write(Buffer.concat(chunks));
  });
}
