/** Who decided on an answer, and why: what an outcome is made of. */
export interface Decision {
  /** A proxy's name, or `the app of` one. */
  readonly by: string;
  readonly flag?: string;
  readonly rule?: string;
  readonly object?: string;
  /** Without the status, in words. */
  readonly words: string;
}

/** When something happens: at the earliest and at the latest, in ms since the request came. They differ by jitter. */
export interface Span {
  readonly from: number;
  readonly to: number;
}
export const atOnce: Span = { from: 0, to: 0 };
export const plus = (a: Span, b: Span): Span => ({ from: a.from + b.from, to: a.to + b.to });

export interface Reply {
  readonly kind: "reply";
  readonly status: number;
  readonly after: Span;
  readonly decision: Decision;
  /** It carries `x-envoy-ratelimited`: only the retry condition `envoy-ratelimited` concerns it. */
  readonly rateLimited?: boolean;
  /** The cluster of the first proxy that it came through. */
  readonly cluster?: string;
}

/** No answer: the connection couldn't be made, or ended. */
export interface Failure {
  readonly kind: "failure";
  /** As retry conditions tell them apart. */
  readonly cause: "connect-failure" | "terminated" | "overflow";
  readonly after: Span;
  readonly decision: Decision;
}

export type Exchange = Reply | Failure;

/** The connection on which a request comes. */
export interface Connection {
  /** The address and port that were called. */
  readonly address: string;
  readonly port: number;
  readonly tls: boolean;
  /** The client's SPIFFE identity, when it shows a certificate. */
  readonly identity?: string;
  readonly sni: string;
  readonly alpn: readonly string[];
}
