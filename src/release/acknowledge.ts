import { Client } from "undici";

/** Whether the proxies concerned have what was rendered from rows up to a revision. */
export interface Acknowledgement { done: boolean; evidence: string }

/** Asks one cluster's mesh. undefined: nobody there to be asked. */
export interface Acknowledger {
  ask(cluster: string, app: string, revision: number): Promise<Acknowledgement | undefined>;
  close(): Promise<void>;
}

/** The control HTTP of our mesh processes, each on a Unix socket. */
export class MeshAcknowledger implements Acknowledger {
  readonly #clients: ReadonlyMap<string, Client>;
  constructor(sockets: Readonly<Record<string, string>>) {
    this.#clients = new Map(Object.entries(sockets).map(([cluster, socketPath]) => [cluster, new Client("http://mesh", { socketPath, bodyTimeout: 2000, headersTimeout: 2000, connect: { timeout: 500 } })]));
  }

  async ask(cluster: string, app: string, revision: number): Promise<Acknowledgement | undefined> {
    const client = this.#clients.get(cluster);
    if (client === undefined) return undefined;
    try {
      const { statusCode, body } = await client.request({ method: "GET", path: `/acknowledged?app=${encodeURIComponent(app)}&revision=${revision}` });
      const answer = await body.json() as Partial<Acknowledgement>;
      return statusCode === 200 && typeof answer.done === "boolean" ? { done: answer.done, evidence: String(answer.evidence ?? "") } : undefined;
    } catch {
      return undefined;
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.destroy()));
  }
}
