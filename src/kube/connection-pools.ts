/** Connections to one API, directly or through a proxy. New certificates mean new connections; the old ones end when what they carry has ended. */
import { Pool, ProxyAgent, type Dispatcher } from "undici";
import type { Presented } from "./credentials.ts";
import type { KubeConnection } from "./kube-connection.ts";

const connectTimeoutMs = 10_000;

export interface PoolsOptions {
  /** Requests in flight at once, without streams. */
  connections: number;
  /** Of an answer to one of them. */
  mostBytes: number;
  proxy: string | undefined;
}
interface Pools {
  ca: string | undefined;
  cert: string | undefined;
  key: string | undefined;
  requests: Dispatcher;
  /** Watches hold their connection, so they never take one that a request waits for. */
  streams: Dispatcher;
}

export class ConnectionPools {
  readonly #connection: KubeConnection;
  readonly #options: PoolsOptions;
  readonly #origin: string;
  readonly #ending = new Set<Dispatcher>();
  #pools: Pools | undefined;

  constructor(connection: KubeConnection, options: PoolsOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#origin = new URL(connection.server).origin;
  }

  get origin(): string {
    return this.#origin;
  }

  /** Those that present this certificate. */
  for({ ca, cert, key }: Presented): Pick<Pools, "requests" | "streams"> {
    const now = this.#pools;
    if (now && now.ca === ca && now.cert === cert && now.key === key) return now;
    if (now) {
      this.#end(now.requests);
      this.#end(now.streams);
    }
    const { connections, mostBytes } = this.#options;
    const pools = {
      ca,
      cert,
      key,
      requests: this.#open(ca, cert, key, { connections, maxResponseSize: mostBytes }),
      streams: this.#open(ca, cert, key, { connections: null }),
    };
    this.#pools = pools;
    return pools;
  }

  /** Gives up what is in flight. */
  async close(): Promise<void> {
    const open = this.#pools ? [this.#pools.requests, this.#pools.streams] : [];
    this.#pools = undefined;
    await Promise.all([...open, ...this.#ending].map((each) => each.destroy()));
  }

  #end(dispatcher: Dispatcher): void {
    this.#ending.add(dispatcher);
    void dispatcher
      .close()
      .catch(() => undefined)
      .finally(() => this.#ending.delete(dispatcher));
  }

  #open(
    ca: string | undefined,
    cert: string | undefined,
    key: string | undefined,
    limits: { connections: number | null; maxResponseSize?: number },
  ): Dispatcher {
    const { tlsServerName, insecureSkipTlsVerify } = this.#connection;
    const tls = {
      timeout: connectTimeoutMs,
      rejectUnauthorized: insecureSkipTlsVerify !== true,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
    };
    // HTTP/1.1: a stalled connection then stalls one watch, not all of them.
    const common = {
      allowH2: false,
      pipelining: 1,
      keepAliveTimeout: 30_000,
      headersTimeout: 0,
      bodyTimeout: 0,
      ...limits,
    };
    const { proxy } = this.#options;
    if (proxy === undefined) return new Pool(this.#origin, { ...common, connect: tls });
    // Of a SOCKS proxy, TLS options would mean that it is spoken to in TLS.
    const proxyTls = proxy.startsWith("socks") ? {} : { proxyTls: { timeout: connectTimeoutMs } };
    return new ProxyAgent({ ...common, uri: proxy, requestTls: tls, ...proxyTls });
  }
}
