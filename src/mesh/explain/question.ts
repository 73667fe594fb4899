/** What a proxy has, as bytes: all that explain knows of it. */
export interface ProxyConfig {
  /** As explanations call it: `service account.namespace`. */
  readonly name: string;
  /** The SPIFFE identity of its certificate. */
  readonly identity: string;
  /** Listeners, clusters, route configurations and endpoints, encoded without their Any wrapper. Type is the type URL. */
  readonly resources: readonly { readonly type: string; readonly name: string; readonly bytes: Uint8Array }[];
}

/** The proxy that listens on an address, if its configuration is known. */
export type ProxyAt = (address: string) => ProxyConfig | undefined;

/** A made-up request. */
export interface Question {
  readonly method: string;
  /** `http://catalog.food/items?page=2`, or `tcp://ledger.money:5432`. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * How the app sends it: in absolute form to the proxy port, through CONNECT (as Node's `fetch` does), or to the address that stands for the callee.
   * `gateway`: `from` is a gateway's proxy, and a client outside of the mesh sends it there, to the URL's port of its Gateway.
   */
  readonly via: "proxy" | "connect" | "address" | "gateway";
  /** Past the caller's proxy, with its certificate, to a callee's address. */
  readonly direct?: { readonly address: string; readonly port: number };
  readonly stated: Stated;
}

/** What the configuration can't say. */
export interface Stated {
  /** What the app answers: one for each time that it is asked; the last one repeats. */
  readonly answers: readonly Answer[];
  /** In use at the caller's proxy towards the callee, and at the callee's proxy towards its app. */
  readonly caller: InUse;
  readonly callee: InUse;
  /** Tokens left by limit: a descriptor (`limit=0,x-user=ana`), the value of its first entry (`0`), or `*` for all others. Absent: enough. */
  readonly tokens: Readonly<Record<string, number>>;
  /** Whether the rate-limit service answers. */
  readonly rateLimitService: boolean;
  /** Whether the signature and lifetime of a bearer token are right. */
  readonly tokenValid: boolean;
}

export interface Answer {
  /** `refused`: nothing listens; `reset`: the connection is closed without an answer. */
  readonly status: number | "refused" | "reset";
  readonly delayMs: number;
}

export interface InUse {
  readonly requests: number;
  readonly connections: number;
  readonly pending: number;
  readonly retries: number;
}

export const nothingInUse: InUse = { requests: 0, connections: 0, pending: 0, retries: 0 };
export const nothingStated: Stated = {
  answers: [{ status: 200, delayMs: 0 }],
  caller: nothingInUse,
  callee: nothingInUse,
  tokens: {},
  rateLimitService: true,
  tokenValid: true,
};
