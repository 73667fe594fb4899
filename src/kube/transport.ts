/** HTTP to one Kubernetes API: TLS, credentials, keep-alive, time limits, Retry-After; answers as text or as a stream. */
import type { Readable } from "node:stream";
import { Pool } from "undici";
import { credentialProblem } from "./credential-problem.ts";
import { systemClock, type Clock } from "./clock.ts";
import { KubeError, errorFromStatus } from "./kube-error.ts";
import type { KubeConnection } from "./kubeconfig.ts";

export interface TransportOptions {
  clock?: Clock;
  /** Of one request, with its body; watches have their own. Default 30 s. */
  timeoutMs?: number;
  /** Requests in flight at once, without watches. Default 16. */
  connections?: number;
  userAgent?: string;
}
export interface Request {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With the leading `/`, without the server. */
  path: string;
  query?: Record<string, string | number | boolean | undefined>;
  body?: string;
  contentType?: string;
  accept?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  timeoutMs?: number;
}
export interface Response {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** As client-go: that often a "too many requests" with Retry-After is waited for. */
const greatestTries = 10;
const longestRetryAfterMs = 30_000;

export class Transport {
  readonly server: string;
  readonly #requests: Pool;
  /** Watches hold their connection, so they never take one that a request waits for. */
  readonly #streams: Pool;
  readonly #connection: KubeConnection;
  readonly #prefix: string;
  readonly #headers: Record<string, string>;
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  constructor(connection: KubeConnection, options: TransportOptions = {}) {
    const url = new URL(connection.server);
    this.server = connection.server;
    this.#connection = connection;
    this.#prefix = url.pathname.replace(/\/+$/, "");
    this.#clock = options.clock ?? systemClock;
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#headers = { "user-agent": options.userAgent ?? "quipu" };
    if (connection.token !== undefined) this.#headers["authorization"] = `Bearer ${connection.token}`;
    else if (connection.username !== undefined)
      this.#headers["authorization"] =
        `Basic ${Buffer.from(`${connection.username}:${connection.password ?? ""}`).toString("base64")}`;
    const { ca, cert, key, tlsServerName, insecureSkipTlsVerify } = connection;
    const connect = {
      timeout: 10_000,
      rejectUnauthorized: insecureSkipTlsVerify !== true,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
    };
    // HTTP/1.1: a stalled connection then stalls one watch, not all of them.
    const common = {
      connect,
      allowH2: false,
      pipelining: 1,
      keepAliveTimeout: 30_000,
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    this.#requests = new Pool(url.origin, { ...common, connections: options.connections ?? 16 });
    this.#streams = new Pool(url.origin, { ...common, connections: null });
  }

  /** The whole answer; throws `KubeError` unless it is 2xx. Waits and asks again on 429 (and 503) with Retry-After. */
  async request(request: Request): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      const response = await this.#once(request, attempt);
      if (response === "again") continue;
      if (response.status < 300) return response;
      const error = this.#refusal(request, response);
      const wait = response.status === 429 || response.status === 503 ? error.retryAfterMs : undefined;
      if (wait === undefined || wait > longestRetryAfterMs || attempt >= greatestTries || request.signal?.aborted)
        throw error;
      await this.#clock.sleep(wait, request.signal);
    }
  }

  async #once(request: Request, attempt: number): Promise<Response | "again"> {
    const timeout = AbortSignal.timeout(request.timeoutMs ?? this.#timeoutMs);
    const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout;
    try {
      const { statusCode, headers, body } = await this.#requests.request(this.#options(request, signal));
      return { status: statusCode, headers, body: await body.text() };
    } catch (cause) {
      // A kept-alive connection may have been closed while we wrote to it. Asking again is right only where twice does no harm.
      if (attempt === 1 && connectionWasStale(cause) && isRepeatable(request) && !signal.aborted) return "again";
      throw this.#failure(request, cause, timeout);
    }
  }

  /** An answer that is read as it comes (watch, logs); ends when the signal aborts. Throws `KubeError` unless it is 2xx. */
  async stream(
    request: Request & { signal: AbortSignal },
  ): Promise<{ status: number; headers: Response["headers"]; body: Readable }> {
    const timeout = new AbortController();
    // Only until the headers: the body may then take as long as it likes.
    const timer = setTimeout(
      () => timeout.abort(new DOMException("no answer", "TimeoutError")),
      request.timeoutMs ?? this.#timeoutMs,
    );
    try {
      const { statusCode, headers, body } = await this.#streams.request(
        this.#options(request, AbortSignal.any([request.signal, timeout.signal])),
      );
      if (statusCode < 300) return { status: statusCode, headers, body };
      throw this.#refusal(request, { status: statusCode, headers, body: await body.text() });
    } catch (cause) {
      throw cause instanceof KubeError ? cause : this.#failure(request, cause, timeout.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Gives up what is in flight. */
  async close(): Promise<void> {
    await Promise.all([this.#requests.destroy(), this.#streams.destroy()]);
  }

  #options(request: Request, signal: AbortSignal) {
    const query = Object.entries(request.query ?? {}).filter(
      (entry): entry is [string, string | number | boolean] => entry[1] !== undefined,
    );
    const search = new URLSearchParams(query.map(([key, value]): [string, string] => [key, String(value)])).toString();
    return {
      method: request.method,
      path: this.#prefix + request.path + (search === "" ? "" : `${request.path.includes("?") ? "&" : "?"}${search}`),
      headers: {
        ...this.#headers,
        accept: request.accept ?? "application/json",
        ...(request.body === undefined ? {} : { "content-type": request.contentType ?? "application/json" }),
        ...request.headers,
      },
      body: request.body ?? null,
      signal,
    };
  }

  #refusal(request: Request, response: Response): KubeError {
    const error = errorFromStatus(describe(request), response.status, response.body, header(response, "retry-after"));
    const problem = error.status === 401 ? credentialProblem(this.#connection, this.#clock.now()) : undefined;
    if (problem !== undefined) error.message += ` (${problem})`;
    return error;
  }

  #failure(request: Request, cause: unknown, timeout: AbortSignal): KubeError {
    if (request.signal?.aborted) return new KubeError("kube/aborted", `${describe(request)}: given up`, { cause });
    if (timeout.aborted)
      return new KubeError("kube/timeout", `${describe(request)}: no answer from ${this.server} in time`, { cause });
    return new KubeError("kube/unreachable", `${describe(request)}: can't reach ${this.server}: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

function describe(request: Request): string {
  return `${request.method} ${request.path}`;
}
function header(response: Pick<Response, "headers">, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
function isRepeatable({ method, contentType }: Request): boolean {
  return method === "GET" || method === "PUT" || contentType === "application/apply-patch+yaml";
}
function connectionWasStale(cause: unknown): boolean {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return code === "UND_ERR_SOCKET" || code === "ECONNRESET" || code === "EPIPE";
}
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const inner = cause instanceof AggregateError ? cause.errors[0] : cause.cause;
  return cause.message || (inner instanceof Error ? inner.message : cause.name);
}
