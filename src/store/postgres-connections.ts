import { Kysely, PostgresDialect, type PostgresPoolClient } from "kysely";
import pg from "pg";
import { postgresError } from "./postgres-errors.ts";
import type { PostgresUrl } from "./postgres-url.ts";
import { ourSchema } from "./migrations.ts";
import type { Tables } from "./schema.ts";
import { StoreUnavailable } from "./store-error.ts";

/** How long one statement may take before its connection counts as lost, in ms. */
const statementMs = 60_000;
const connectMs = 5_000;

/**
 * Of each session. One that hangs within a transaction holds up all writers, so the server ends it; one whose machine has
 * vanished is noticed after about 25 s.
 */
const session = {
  search_path: ourSchema,
  idle_in_transaction_session_timeout: 60_000,
  tcp_keepalives_idle: 10,
  tcp_keepalives_interval: 5,
  tcp_keepalives_count: 3,
};

/** How every connection of ours is made. */
export function connectionOptions({ url }: PostgresUrl, name: string): pg.ClientConfig {
  const ours = new URL(url);
  const settings = Object.entries(session).map(([key, value]) => `-c ${key}=${value}`);
  ours.searchParams.set("options", [...ours.searchParams.getAll("options"), ...settings].join(" "));
  return {
    connectionString: ours.href,
    application_name: name,
    connectionTimeoutMillis: connectMs,
    query_timeout: statementMs,
    keepAlive: true,
    types: {
      // 20 is bigint: revisions and times in ms, all below 2^53.
      getTypeParser: ((oid: number, format: "text") =>
        oid === 20 ? Number : (pg.types.getTypeParser(oid, format) as unknown)) as typeof pg.types.getTypeParser,
    },
  };
}

/**
 * Kysely on a pool of connections whose errors are the store's own. A connection that failed is never used again, and
 * statements of one connection wait for each other.
 */
export function postgresDialect(address: PostgresUrl, name: string, most: number): PostgresDialect {
  const pool = new pg.Pool({ ...connectionOptions(address, name), max: most });
  // A connection that breaks while nobody uses it is replaced when one is needed; unheard, it would end the process.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => void client.on("error", () => undefined));
  const ours = (error: unknown): unknown => postgresError(error, address.shown);
  return new PostgresDialect({
    pool: {
      options: {},
      end: () => pool.end(),
      async connect() {
        const client = await pool.connect().catch((error: unknown) => {
          throw ours(error);
        });
        let broken = false;
        let last: Promise<unknown> = Promise.resolve();
        const query = (text: string, values: readonly unknown[]): Promise<unknown> => {
          const answer = last.then(() => client.query(text, [...values]));
          last = answer.catch((error: unknown) => {
            broken ||= ours(error) instanceof StoreUnavailable;
          });
          return answer.catch((error: unknown) => {
            throw ours(error);
          });
        };
        return { query, release: (destroy = false) => client.release(broken || destroy) } as PostgresPoolClient;
      },
    },
  });
}

export function postgresKysely(address: PostgresUrl, name: string, most: number): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: postgresDialect(address, name, most) });
}
