import { NotUnderstood } from "./text-match.ts";
import { OpenProxy } from "./open-proxy.ts";
import type { Step } from "./explanation.ts";
import type { Answer, InUse, ProxyAt, Stated } from "./question.ts";
import type { Choose } from "./ways.ts";

/** One way through the proxies: what was met, what is used up. */
export class Walk {
  readonly choose: Choose;
  readonly stated: Stated;
  readonly steps: Step[] = [];
  readonly unknown = new Set<string>();
  readonly #proxyAt: (address: string) => OpenProxy | undefined;
  readonly #caller: OpenProxy;
  readonly #tokensUsed = new Map<string, number>();
  #asked = 0;
  /** What the app was said to answer last. */
  lastAnswer: Answer = { status: 200, delayMs: 0 };

  constructor(options: {
    choose: Choose;
    stated: Stated;
    caller: OpenProxy;
    proxyAt: (address: string) => OpenProxy | undefined;
  }) {
    this.choose = options.choose;
    this.stated = options.stated;
    this.#caller = options.caller;
    this.#proxyAt = options.proxyAt;
  }

  proxyAt(address: string): OpenProxy | undefined {
    return this.#proxyAt(address);
  }

  step(proxy: OpenProxy, what: string, rule: string, detail: string, object?: string): void {
    this.steps.push({ proxy: proxy.name, what, rule, detail, ...(object !== undefined && { object }) });
  }

  /** The app is asked once more. */
  nextAnswer(): Answer & { nth: number } {
    const { answers } = this.stated;
    const answer = answers[Math.min(this.#asked, answers.length - 1)] ?? { status: 200, delayMs: 0 };
    this.#asked++;
    this.lastAnswer = answer;
    return { ...answer, nth: this.#asked };
  }

  inUse(proxy: OpenProxy): InUse {
    return proxy === this.#caller ? this.stated.caller : this.stated.callee;
  }

  /** Takes a token of a bucket, known by its place (a proxy's address, or the service's domain) and its descriptor. False: none is left. */
  takeToken(place: string, descriptor: string, first: string, atMost: number): boolean {
    const { tokens } = this.stated;
    const left = Math.min(tokens[descriptor] ?? tokens[first] ?? tokens["*"] ?? atMost, atMost);
    const key = `${place} ${descriptor}`;
    const used = this.#tokensUsed.get(key) ?? 0;
    if (used >= left) return false;
    this.#tokensUsed.set(key, used + 1);
    return true;
  }

  /** Runs what may meet something that isn't understood; then says so and goes on with `otherwise`. */
  attempt<T>(where: string, run: () => T, otherwise: T): T {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error;
      this.unknown.add(`${where}: ${error.message} isn't understood here, and was passed over`);
      return otherwise;
    }
  }

  /** Whether something with this share (of 1) happens: for certain, never, or both ways. */
  happens(share: number): boolean {
    if (share >= 1) return true;
    if (share <= 0) return false;
    return this.choose([share, 1 - share]) === 0;
  }
}

/** Proxies by address, opened once. */
export function openedBy(at: ProxyAt): (address: string) => OpenProxy | undefined {
  const opened = new Map<string, OpenProxy | undefined>();
  return (address) => {
    if (!opened.has(address)) {
      const config = at(address);
      opened.set(address, config === undefined ? undefined : new OpenProxy(config));
    }
    return opened.get(address);
  };
}
