import { Pool } from "undici";
import type { ApiContext } from "../api/context.ts";

/** A trial waits for those before it, and compiles a whole cluster. */
const trialMs = 60_000;

/** Asks the mesh process of a cluster over its control socket. Undefined: nobody answers there. */
export function meshExplain(sockets: Readonly<Record<string, string>>): {
  explain: NonNullable<ApiContext["explain"]>;
  trial: NonNullable<ApiContext["trial"]>;
  close(): Promise<void>;
} {
  const clients = new Map(
    Object.entries(sockets).map(([cluster, socketPath]) => [
      cluster,
      new Pool("http://mesh", {
        socketPath,
        headersTimeout: 10_000,
        bodyTimeout: 10_000,
        connect: { timeout: 500 },
        connections: 4,
      }),
    ]),
  );
  const ask = async (cluster: string, path: string, question: object, options: { headersTimeout?: number }) => {
    try {
      const answer = await clients.get(cluster)?.request({
        method: "POST",
        path,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(question),
        ...options,
      });
      return answer === undefined ? undefined : { status: answer.statusCode, body: await answer.body.json() };
    } catch {
      return undefined;
    }
  };
  return {
    explain: (cluster, question) => ask(cluster, "/explain", question, {}),
    trial: (cluster, body) => ask(cluster, "/trial", body, { headersTimeout: trialMs }),
    close: async () => {
      await Promise.all([...clients.values()].map((client) => client.destroy()));
    },
  };
}
