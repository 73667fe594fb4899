import { Agent, get, type IncomingMessage } from "node:http";

export interface Answer {
  /** Milliseconds since the load began, when it was asked. */
  at: number;
  /** Until the whole answer was there, ms. */
  took: number;
  status?: number;
  /** The app's revision or version, from the header `x-version`. */
  version?: string;
  error?: string;
}

/**
 * Requests through a caller's sidecar at a steady rate, however long each takes, so that a stall can't hide by slowing
 * its own load. Connections are kept and made anew as clients do. What isn't answered within `timeoutMs` has failed.
 */
export class Load {
  readonly answers: Answer[] = [];
  readonly #options: { proxyIp: string; url: string; perSecond: number; timeoutMs: number };
  readonly #agent = new Agent({ keepAlive: true });
  readonly #began = performance.now();
  readonly #open = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #asked = 0;

  constructor(options: { proxyIp: string; url: string; perSecond: number; timeoutMs?: number }) {
    this.#options = { timeoutMs: 30_000, ...options };
    this.#timer = setInterval(() => this.#due(), 10);
  }

  /** Ends the load and waits for the answers under way. */
  async stop(): Promise<Answer[]> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
    this.#agent.destroy();
    return this.answers;
  }

  /** Requests that weren't answered with 200. */
  get failed(): Answer[] {
    return this.answers.filter(({ status }) => status !== 200);
  }

  /** Requests asked for each second of the load. */
  get rate(): number {
    return this.#asked / ((performance.now() - this.#began) / 1000);
  }

  #due(): void {
    const due = ((performance.now() - this.#began) / 1000) * this.#options.perSecond;
    while (this.#asked < due) {
      this.#asked++;
      const one = this.#ask().finally(() => this.#open.delete(one));
      this.#open.add(one);
    }
  }

  #ask(): Promise<void> {
    const { proxyIp, url, timeoutMs } = this.#options;
    const at = performance.now();
    return new Promise((resolve) => {
      const told = (rest: Omit<Answer, "at" | "took">): void => {
        clearTimeout(late);
        this.answers.push({ at: at - this.#began, took: performance.now() - at, ...rest });
        resolve();
      };
      const asked = get(
        { host: proxyIp, port: 15001, path: url, headers: { host: new URL(url).host }, agent: this.#agent },
        (response: IncomingMessage) => {
          const version = response.headers["x-version"] as string | undefined;
          response.on("end", () => told({ status: response.statusCode!, ...(version !== undefined && { version }) }));
          response.on("error", (error) => told({ error: error.message }));
          response.resume();
        },
      );
      asked.on("error", (error) => told({ error: error.message }));
      const late = setTimeout(() => asked.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    });
  }
}
