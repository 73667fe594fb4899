/** HTTP to one Kubernetes API: TLS, credentials, keep-alive, time limits, Retry-After; answers as text or as a stream. */
import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { systemClock, type Clock } from "./clock.ts";
import { connectReason } from "./connect-reason.ts";
import { ConnectionPools } from "./connection-pools.ts";
import { credentialProblem } from "./credential-problem.ts";
import { Credentials, type Presented } from "./credentials.ts";
import type { ReadFile } from "./file-credentials.ts";
import type { KubeConnection } from "./kube-connection.ts";
import { KubeError, errorFromStatus } from "./kube-error.ts";
import { longestPauseMs, Pause } from "./pause.ts";
import { proxyFor, type Environment } from "./proxy.ts";

export interface TransportOptions {
  clock?: Clock;
  /** 0 ≤ x < 1. */
  random?: () => number;
  /** Of one request that reads, with its body; watches have their own. Default 30 s. */
  timeoutMs?: number;
  /** Of one that writes. Default 40 s: webhooks may take up to 30, and the API then still answers which of them it was. */
  writeTimeoutMs?: number;
  /** Requests in flight at once, without watches. Default 16. */
  connections?: number;
  /** Of one answer, without watches: what is longer is given up. Default 256 MiB; a page of 500 large objects is a part of that. */
  mostBytes?: number;
  userAgent?: string;
  /** What HTTPS_PROXY and NO_PROXY are read from, and what credential plugins get. Default: the process's. */
  env?: Environment;
  /** Reads the files that credentials are rotated in. */
  readFile?: ReadFile;
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
const mebibyte = 1024 * 1024;

export class Transport {
  readonly server: string;
  readonly #pools: ConnectionPools;
  readonly #credentials: Credentials;
  readonly #pause: Pause;
  readonly #prefix: string;
  readonly #userAgent: string;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #writeTimeoutMs: number;
  readonly #closed = new AbortController();
  /** How far the server's clock is ahead of ours, as its last answer told; negative: behind. */
  #skewMs = 0;

  constructor(connection: KubeConnection, options: TransportOptions = {}) {
    const {
      env = process.env,
      clock = systemClock,
      random = Math.random,
      connections = 16,
      mostBytes = 256 * mebibyte,
    } = options;
    this.server = connection.server;
    this.#prefix = new URL(connection.server).pathname.replace(/\/+$/, "");
    this.#clock = clock;
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#writeTimeoutMs = options.writeTimeoutMs ?? 40_000;
    this.#userAgent = options.userAgent ?? "quipu";
    this.#pause = new Pause(clock, random);
    this.#credentials = new Credentials(connection, {
      clock,
      env,
      ...(options.readFile && { readFile: options.readFile }),
    });
    const proxy = proxyFor(connection.server, connection.proxyUrl, env);
    this.#pools = new ConnectionPools(connection, { connections, mostBytes, proxy });
  }

  /** The whole answer; throws `KubeError` unless it is 2xx. Waits and asks again on 429 (and 503) with Retry-After, and on 401 when other credentials are to be had. */
  async request(request: Request): Promise<Response> {
    let presented = await this.#present(request);
    let renewed = false;
    let stale = false;
    let waited = 0;
    for (let attempt = 1; ; attempt++) {
      await this.#pause.over(this.#giveUp(request));
      const response = await this.#once(request, presented, !stale);
      if (response === "again") {
        stale = true;
        continue;
      }
      if (response.status < 300) return response;
      const error = this.#refusal(request, response, presented);
      if (error.status === 401 && !renewed) {
        renewed = true;
        const others = await this.#insteadOf(request, presented);
        if (others === undefined) throw error;
        presented = others;
        continue;
      }
      const wait = this.#askedToWait(response.status, error);
      waited += wait ?? 0;
      if (wait === undefined || waited > longestPauseMs || attempt >= greatestTries || request.signal?.aborted)
        throw error;
    }
  }

  async #once(request: Request, presented: Presented, mayRepeat: boolean): Promise<Response | "again"> {
    const usual = request.method === "GET" ? this.#timeoutMs : this.#writeTimeoutMs;
    const timeout = AbortSignal.timeout(request.timeoutMs ?? usual);
    const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout;
    try {
      const { requests } = this.#pools.for(presented);
      const { statusCode, headers, body } = await requests.request(this.#options(request, presented, signal));
      return { status: statusCode, headers, body: await body.text() };
    } catch (cause) {
      // A kept-alive connection may have been closed while we wrote to it. Asking again is right only where twice does no harm.
      if (mayRepeat && connectionWasStale(cause) && isRepeatable(request) && !signal.aborted) return "again";
      throw this.#failure(request, cause, timeout);
    }
  }

  /** An answer that is read as it comes (watch, logs); ends when the signal aborts. Throws `KubeError` unless it is 2xx. */
  async stream(
    request: Request & { signal: AbortSignal },
  ): Promise<{ status: number; headers: Response["headers"]; body: Readable }> {
    let presented = await this.#present(request);
    await this.#pause.over(this.#giveUp(request));
    for (let renewed = false; ; renewed = true) {
      const { statusCode, headers, body } = await this.#open(request, presented);
      if (statusCode < 300) return { status: statusCode, headers, body };
      const error = this.#refusal(request, { status: statusCode, headers, body: await beginning(body) }, presented);
      this.#askedToWait(statusCode, error);
      const others = error.status === 401 && !renewed ? await this.#insteadOf(request, presented) : undefined;
      if (others === undefined) throw error;
      presented = others;
    }
  }

  async #open(request: Request & { signal: AbortSignal }, presented: Presented): Promise<Dispatcher.ResponseData> {
    const timeout = new AbortController();
    // Only until the headers: the body may then take as long as it likes.
    const timer = setTimeout(
      () => timeout.abort(new DOMException("no answer", "TimeoutError")),
      request.timeoutMs ?? this.#timeoutMs,
    );
    try {
      const signal = AbortSignal.any([request.signal, timeout.signal]);
      return await this.#pools.for(presented).streams.request(this.#options(request, presented, signal));
    } catch (cause) {
      throw this.#failure(request, cause, timeout.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Gives up what is in flight. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#pools.close();
  }

  async #present(request: Request): Promise<Presented> {
    return this.#naming(request, () => this.#credentials.present());
  }
  async #insteadOf(request: Request, presented: Presented): Promise<Presented | undefined> {
    return this.#naming(request, () => this.#credentials.insteadOf(presented));
  }
  /** Credentials may be long in coming: whoever gives up meanwhile needn't wait for them. */
  async #naming<T>(request: Request, work: () => Promise<T>): Promise<T> {
    const signal = this.#giveUp(request);
    let giveUp = (): void => undefined;
    const givenUp = new Promise<never>((_, reject) => {
      giveUp = () => reject(new KubeError("kube/aborted", "given up"));
      if (signal.aborted) giveUp();
      else signal.addEventListener("abort", giveUp);
    });
    try {
      return await Promise.race([work(), givenUp]);
    } catch (cause) {
      if (!(cause instanceof KubeError)) throw cause;
      throw new KubeError(cause.code, `${describe(request)}: ${cause.message}`, { cause });
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }
  #giveUp({ signal }: Request): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#closed.signal]) : this.#closed.signal;
  }

  #options(request: Request, presented: Presented, signal: AbortSignal) {
    const query = Object.entries(request.query ?? {}).filter(
      (entry): entry is [string, string | number | boolean] => entry[1] !== undefined,
    );
    const search = new URLSearchParams(query.map(([key, value]): [string, string] => [key, String(value)])).toString();
    return {
      origin: this.#pools.origin,
      method: request.method,
      path: this.#prefix + request.path + (search === "" ? "" : `${request.path.includes("?") ? "&" : "?"}${search}`),
      headers: {
        "user-agent": this.#userAgent,
        ...this.#credentials.headers(presented),
        accept: request.accept ?? "application/json",
        ...(request.body === undefined ? {} : { "content-type": request.contentType ?? "application/json" }),
        ...request.headers,
      },
      body: request.body ?? null,
      signal,
    };
  }

  /** In ms; all requests of this client wait with this one. */
  #askedToWait(status: number, error: KubeError): number | undefined {
    const wait = status === 429 || status === 503 ? error.retryAfterMs : undefined;
    if (wait !== undefined) this.#pause.ask(wait);
    return wait;
  }

  #refusal(request: Request, response: Response, presented: Presented): KubeError {
    const error = errorFromStatus(describe(request), response.status, response.body, header(response, "retry-after"));
    const date = Date.parse(header(response, "date") ?? "");
    const now = this.#clock.now();
    if (!Number.isNaN(date)) this.#skewMs = date - now;
    if (error.status === 401 || error.anonymous)
      error.message += ` (${credentialProblem(presented, now, now + this.#skewMs)})`;
    return error;
  }

  #failure(request: Request, cause: unknown, timeout: AbortSignal): KubeError {
    if (request.signal?.aborted) return new KubeError("kube/aborted", `${describe(request)}: given up`, { cause });
    if (timeout.aborted)
      return new KubeError("kube/timeout", `${describe(request)}: no answer from ${this.server} in time`, { cause });
    const reason = connectReason(cause, this.server);
    return new KubeError("kube/unreachable", `${describe(request)}: can't reach ${this.server}: ${reason}`, { cause });
  }
}

/** Of a refusal: a Status is some kB, and what isn't one may have no end. */
async function beginning(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    // Leaving the loop ends the stream.
    if (bytes >= mebibyte) break;
  }
  return Buffer.concat(chunks).toString("utf8");
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
