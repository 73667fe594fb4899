import { request, Agent } from "undici";
import type { ProblemDocument as ModelProblem } from "../model/problem.ts";
import type { Connection } from "./connection.ts";
import { CliError } from "./cli-error.ts";

/** As the model's, but with codes of servers newer than this client too. */
export type ProblemDocument = Omit<ModelProblem, "code" | "detail" | "accepted" | "problems"> & {
  code: string;
  detail?: string;
  accepted?: unknown;
  problems?: ProblemDocument[];
};

export class ApiError extends Error {
  readonly problem: ProblemDocument;
  /** What to do next, where the command knows. */
  hint: string | undefined;
  constructor(problem: ProblemDocument) {
    super(problem.detail ?? problem.title);
    this.name = "ApiError";
    this.problem = problem;
  }
}

export interface Answer<T> {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: T;
}
export interface CallOptions {
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  headers?: Record<string, string>;
}

/** The HTTP API as any client sees it. One per command; `close` lets the process end. */
export class ApiClient {
  readonly server: string;
  readonly #token: string;
  readonly #agent = new Agent({ keepAliveTimeout: 1000, bodyTimeout: 0, headersTimeout: 120_000 });

  constructor({ server, token }: Connection) {
    this.server = server;
    this.#token = token;
  }

  async call<T>(
    method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE",
    path: string,
    options: CallOptions = {},
  ): Promise<Answer<T>> {
    const response = await this.#send(method, path, options);
    const text = await this.#reached(() => response.body.text());
    const body = text === "" ? undefined : parseJson(text);
    if (response.statusCode >= 400) throw new ApiError(asProblem(body, response.statusCode, text));
    return { status: response.statusCode, headers: response.headers, body: body as T };
  }

  async get<T>(path: string, query?: CallOptions["query"]): Promise<T> {
    return (await this.call<T>("GET", path, { ...(query === undefined ? {} : { query }) })).body;
  }

  /** Every page of a list, one item at a time. */
  async *list<T>(path: string, query: NonNullable<CallOptions["query"]> = {}): AsyncGenerator<T> {
    let next: string | undefined;
    do {
      const page = await this.get<{ items: T[]; continue?: string }>(path, { limit: 200, ...query, continue: next });
      yield* page.items;
      next = page.continue;
    } while (next !== undefined);
  }

  /** The body as it comes: logs, archives. */
  async stream(
    path: string,
    query?: CallOptions["query"],
    { method = "GET", body }: { method?: "GET" | "POST"; body?: unknown } = {},
  ): Promise<AsyncIterable<Buffer>> {
    const response = await this.#send(method, path, {
      ...(query !== undefined && { query }),
      ...(body !== undefined && { body }),
    });
    if (response.statusCode >= 400) {
      const text = await response.body.text();
      throw new ApiError(asProblem(parseJson(text), response.statusCode, text));
    }
    return response.body;
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }

  async #send(method: string, path: string, { query, body, headers }: CallOptions) {
    const url = new URL(path, `${this.server}/`);
    for (const [key, value] of Object.entries(query ?? {}))
      if (value !== undefined) url.searchParams.set(key, String(value));
    const raw =
      typeof body === "string" ||
      body instanceof Uint8Array ||
      (typeof body === "object" && body !== null && Symbol.asyncIterator in body);
    return this.#reached(() =>
      request(url, {
        method: method as "GET",
        dispatcher: this.#agent,
        headers: {
          authorization: `Bearer ${this.#token}`,
          accept: "application/json",
          ...(body !== undefined && !raw ? { "content-type": "application/json" } : {}),
          ...headers,
        },
        ...(body === undefined ? {} : { body: (raw ? body : JSON.stringify(body)) as string }),
      }),
    );
  }

  /** A connection that fails or breaks off becomes a CliError `unreachable`. */
  async #reached<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const cause = error as NodeJS.ErrnoException;
      throw new CliError(
        "unreachable",
        `the server at ${this.server} doesn't answer (${cause.code ?? cause.message})`,
        'Is it running? "npm start" brings it up; "quipu up" too.',
      );
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function asProblem(body: unknown, status: number, text: string): ProblemDocument {
  if (typeof body === "object" && body !== null && "title" in body) return body as ProblemDocument;
  return {
    type: "about:blank",
    title: "Unexpected answer",
    status,
    code: "unexpected-answer",
    detail: `the server answered ${status}: ${text.slice(0, 200)}`,
  };
}
