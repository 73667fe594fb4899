import { Client } from "undici";
import type { ApiContext } from "../api/context.ts";

/** Asks the mesh process of a cluster over its control socket. Undefined: nobody answers there. */
export function meshExplain(sockets: Readonly<Record<string, string>>): {
  explain: NonNullable<ApiContext["explain"]>;
  close(): Promise<void>;
} {
  const clients = new Map(
    Object.entries(sockets).map(([cluster, socketPath]) => [
      cluster,
      new Client("http://mesh", { socketPath, headersTimeout: 10_000, bodyTimeout: 10_000, connect: { timeout: 500 } }),
    ]),
  );
  return {
    async explain(cluster, question) {
      try {
        const answer = await clients.get(cluster)?.request({
          method: "POST",
          path: "/explain",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(question),
        });
        return answer === undefined ? undefined : { status: answer.statusCode, body: await answer.body.json() };
      } catch {
        return undefined;
      }
    },
    close: async () => {
      await Promise.all([...clients.values()].map((client) => client.destroy()));
    },
  };
}
