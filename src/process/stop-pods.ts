import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Agent, request } from "undici";

/** Asks a cluster process to stop its pods and itself: a fleet that is stopped leaves no app behind, one that crashed does. */
export async function stopPods(folder: string): Promise<void> {
  const config = JSON.parse(readFileSync(join(folder, "cluster.json"), "utf8")) as {
    network: string;
    apiPort: number;
    tls: { ca: string };
    adminToken: string;
  };
  const agent = new Agent({ connect: { ca: readFileSync(config.tls.ca) }, headersTimeout: 45_000 });
  try {
    const response = await request(`https://${config.network}.0.1:${config.apiPort}/quipu/shutdown?pods=stop`, {
      method: "POST",
      dispatcher: agent,
      headers: { authorization: `Bearer ${readFileSync(config.adminToken, "utf8").trim()}` },
    });
    await response.body.dump();
    if (response.statusCode >= 300) throw new Error(`it answered ${response.statusCode}`);
  } finally {
    await agent.close();
  }
}
