import { request, type IncomingMessage } from "node:http";

/** A request that didn't get 200. Times are Unix ms. */
export interface Failure {
  stream: string;
  began: number;
  ended: number;
  what: string;
}

export interface Target {
  host: string;
  port: number;
  path: string;
  /** The Host header. */
  authority: string;
}

const timeoutMs = 15_000;
const maxInFlight = 100;

/**
 * Asks one thing at a bounded rate, each time on a connection of its own and never twice: whatever isn't 200 (another
 * status, a connection refused or reset, no answer in time) counts as a failure.
 */
export class Load {
  readonly name: string;
  readonly failures: Failure[] = [];
  sent = 0;
  /** Told of each failure as it happens, for a look at what is then so. */
  failed: ((failure: Failure) => void) | undefined;
  readonly #target: () => Target;
  readonly #everyMs: number;
  readonly #inFlight = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(name: string, perSecond: number, target: () => Target) {
    this.name = name;
    this.#everyMs = 1000 / perSecond;
    this.#target = target;
  }

  start(): void {
    this.#timer = setInterval(() => {
      if (this.#inFlight.size >= maxInFlight) return;
      const one = this.#once().finally(() => this.#inFlight.delete(one));
      this.#inFlight.add(one);
    }, this.#everyMs);
  }

  /** No more requests; resolves when the last one has ended. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#inFlight);
  }

  async #once(): Promise<void> {
    this.sent++;
    const began = Date.now();
    const what = await ask(this.#target());
    if (what === undefined) return;
    const failure = { stream: this.name, began, ended: Date.now(), what };
    this.failures.push(failure);
    this.failed?.(failure);
  }
}

/** What went wrong; undefined when it was answered with 200. */
function ask({ host, port, path, authority }: Target): Promise<string | undefined> {
  return new Promise((resolve) => {
    const call = request(
      { host, port, path, headers: { host: authority }, agent: false, timeout: timeoutMs },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => {
          text += chunk;
        });
        answer.on("error", (error) => resolve(`${answer.statusCode}, then ${error.message}`));
        answer.on("end", () =>
          resolve(answer.statusCode === 200 ? undefined : `${answer.statusCode} ${text.slice(0, 120)}${hop(answer)}`),
        );
      },
    );
    call.on("error", (error) => resolve(error.message));
    call.on("timeout", () => call.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    call.end();
  });
}

/** Whose answer it is: a proxy that was only passing it on says how long it waited for it. */
function hop({ headers }: IncomingMessage): string {
  const waited = headers["x-envoy-upstream-service-time"];
  return waited === undefined ? "" : ` (from further on, after ${String(waited)} ms)`;
}
