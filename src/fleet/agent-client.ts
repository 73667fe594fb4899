/** An agent's way to its server: one stream, and plain requests beside it. */
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { Agent, request } from "undici";
import { agentHeader, aliveMs, mostAtOnce, type AgentMessage, type AgentReport } from "./agent-protocol.ts";
import type { Claimed } from "./cluster-claims.ts";
import type { DesiredObject, ObjectKey } from "./desired.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";

export interface AgentClientOptions {
  server: string;
  cluster: string;
  /** Asked before each request: it may be renewed. */
  token: () => string;
  /** Names this agent among those that the cluster ever had. */
  agent: string;
  /** PEM of the authority that the server's certificate comes from. Default: those that the system trusts. */
  ca?: string;
}

/** What the server refuses, or that it can't be reached. */
export class AgentServerError extends Error {
  override readonly name = "AgentServerError";
  /** Of the problem that the server answered; "" without an answer of its own. */
  readonly code: string;
  constructor(message: string, code = "", cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

export class AgentClient {
  readonly #options: AgentClientOptions;
  readonly #dispatcher: Agent;

  constructor(options: AgentClientOptions) {
    this.#options = options;
    this.#dispatcher = new Agent({
      headersTimeout: 30_000,
      // A stream on which nothing comes for so long is dead, whatever TCP thinks.
      bodyTimeout: 3 * aliveMs,
      ...(options.ca !== undefined && { connect: { ca: options.ca } }),
    });
  }

  /** Ends when the server ends it. Throws `AgentServerError` when it breaks off. */
  async *messages(signal: AbortSignal): AsyncGenerator<AgentMessage> {
    const body = await this.#send("GET", "desired", undefined, signal);
    try {
      for await (const line of createInterface({ input: body, crlfDelay: Infinity }))
        if (line !== "") yield this.#parse<AgentMessage>(line);
      if (body.errored) throw body.errored;
    } catch (cause) {
      if (cause instanceof AgentServerError) throw cause;
      throw new AgentServerError(`the stream from ${this.#options.server} broke off: ${reason(cause)}`, "", cause);
    } finally {
      body.destroy();
    }
  }

  objects(keys: readonly ObjectKey[]): Promise<DesiredObject[]> {
    return this.#call("POST", "objects", { keys });
  }
  claim(uid: string): Promise<Claimed & { last?: AgentReport }> {
    return this.#call("POST", "claim", { uid });
  }
  async report(report: AgentReport): Promise<void> {
    await this.#call("PUT", "seen", report);
  }

  /** The ledger that the server keeps for the cluster. */
  ledger(): Ledger {
    const inParts = async <T>(all: readonly T[], send: (part: readonly T[]) => Promise<unknown>): Promise<void> => {
      for (let at = 0; at < all.length; at += mostAtOnce) await send(all.slice(at, at + mostAtOnce));
    };
    return {
      read: () => this.#call<LedgerEntry[]>("GET", "ledger"),
      put: (_, entries) => inParts(entries, (part) => this.#call("PUT", "ledger", { entries: part })),
      remove: (_, keys) => inParts(keys, (part) => this.#call("POST", "ledger/remove", { keys: part })),
    };
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  async #call<T>(method: "GET" | "PUT" | "POST", path: string, body?: unknown): Promise<T> {
    const answer = await this.#send(method, path, body, AbortSignal.timeout(30_000));
    try {
      let text = "";
      for await (const chunk of answer.setEncoding("utf8")) text += chunk as string;
      return this.#parse<T>(text);
    } catch (cause) {
      throw this.#unreached(cause);
    }
  }

  async #send(method: "GET" | "PUT" | "POST", path: string, body: unknown, signal: AbortSignal): Promise<Readable> {
    const { server, cluster, agent, token } = this.#options;
    const url = new URL(
      `api/v1/clusters/${encodeURIComponent(cluster)}/agent/${path}`,
      `${server.replace(/\/+$/, "")}/`,
    );
    try {
      const answer = await request(url, {
        method,
        dispatcher: this.#dispatcher,
        signal,
        headers: {
          authorization: `Bearer ${token()}`,
          [agentHeader]: agent,
          accept: "application/json",
          ...(body !== undefined && { "content-type": "application/json" }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      if (answer.statusCode >= 300) throw this.#refusal(answer.statusCode, await answer.body.text());
      return answer.body;
    } catch (cause) {
      throw this.#unreached(cause);
    }
  }

  #refusal(status: number, text: string): AgentServerError {
    const { server } = this.#options;
    try {
      const { detail, code } = JSON.parse(text) as { detail?: string; code?: string };
      if (detail !== undefined) return new AgentServerError(`${server} says: ${detail}`, code);
    } catch {
      // Something else than the server answered.
    }
    return new AgentServerError(`${server} answers with HTTP ${status}, and not as a Quipu server does`);
  }

  #unreached(cause: unknown): AgentServerError {
    if (cause instanceof AgentServerError) return cause;
    return new AgentServerError(`the server ${this.#options.server} can't be reached: ${reason(cause)}`, "", cause);
  }

  #parse<T>(text: string): T {
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      throw new AgentServerError(`${this.#options.server} sends what isn't JSON: is it a Quipu server?`, "", cause);
    }
  }
}

function reason(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  return code === undefined || message.includes(code) ? message : `${message || "no answer"} (${code})`;
}
