import pg from "pg";
import type { News } from "./ground.ts";
import { connectionOptions } from "./postgres-connections.ts";
import { postgresError } from "./postgres-errors.ts";
import type { PostgresUrl } from "./postgres-url.ts";

/** Of NOTIFY; a database's own. */
const channel = "quipu_store";
/** The longest pause between two tries to connect, in ms. */
const longestPauseMs = 2_000;
/** How often the connection is tried, and what may have been missed is looked for, in ms. */
const lookMs = 10_000;

export interface ListenerOptions {
  address: PostgresUrl;
  /** Marks what this store says itself, which it needn't hear. */
  self: string;
  trouble(error: unknown): void;
  /** Run on each new connection before it listens. */
  connected?(client: pg.Client): Promise<void>;
}

/**
 * One connection that hears what others announce (https://www.postgresql.org/docs/15/sql-notify.html: after their commit, in
 * the order of commits). Lost, it is made again; what was announced meanwhile is gone, which is told as `undefined`.
 */
export class PostgresListener {
  readonly #options: ListenerOptions;
  #heard: (news: News | undefined) => void = () => undefined;
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = 50;
  #closed = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** What a store says at the end of its transaction. */
  static words(self: string, news: News): { channel: string; payload: string } {
    return { channel, payload: JSON.stringify({ self, ...news }) };
  }

  /** Throws when the first connection fails. */
  async open(): Promise<void> {
    await this.#connect();
  }

  listen(heard: (news: News | undefined) => void): void {
    this.#heard = heard;
    heard(undefined);
  }

  async #connect(): Promise<void> {
    const { address, connected } = this.#options;
    const client = new pg.Client(connectionOptions(address, `quipu listener ${this.#options.self}`));
    let lost = false;
    const lose = (error?: unknown): void => {
      if (lost) return;
      lost = true;
      if (this.#client === client) this.#lost(error);
    };
    client.on("error", lose);
    client.on("end", lose);
    client.on("notification", ({ payload = "{}" }) => {
      const { self, ...news } = JSON.parse(payload) as News & { self?: string };
      if (self !== this.#options.self) this.#heard(news);
    });
    try {
      await client.connect();
      await connected?.(client);
      await client.query(`listen ${channel}`);
    } catch (error) {
      dismiss(client);
      throw postgresError(error, address.shown);
    }
    if (lost || this.#closed) return dismiss(client);
    this.#client = client;
    this.#pauseMs = 50;
    this.#heard(undefined);
    this.#timer = setTimeout(() => this.#look(client, lose), lookMs);
    this.#timer.unref();
  }

  /** A connection that nobody closed may still lead nowhere, and then says nothing. */
  #look(client: pg.Client, lose: (error: unknown) => void): void {
    client.query("select 1").then(
      () => {
        if (this.#client !== client) return;
        this.#heard(undefined);
        this.#timer = setTimeout(() => this.#look(client, lose), lookMs);
        this.#timer.unref();
      },
      (error: unknown) => lose(error),
    );
  }

  #lost(error: unknown): void {
    const client = this.#client;
    this.#client = undefined;
    clearTimeout(this.#timer);
    if (client !== undefined) dismiss(client);
    if (this.#closed) return;
    this.#options.trouble(postgresError(error ?? new Error("the connection was closed"), this.#options.address.shown));
    this.#again();
  }

  #again(): void {
    this.#timer = setTimeout(() => {
      this.#connect().catch((error: unknown) => {
        if (this.#closed) return;
        this.#options.trouble(error);
        this.#again();
      });
    }, this.#pauseMs);
    this.#timer.unref();
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#client?.end().catch(() => undefined);
  }
}

/** Ends a connection that may be dead already, without waiting for it. */
function dismiss(client: pg.Client): void {
  client.end().catch(() => undefined);
}
