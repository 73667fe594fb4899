import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import pg from "pg";
import type { Ground } from "./ground.ts";
import { readMeta, writeMeta } from "./meta-table.ts";
import { migrate, ourSchema, refuseNewer, schemaOf } from "./migrations.ts";
import { connectionOptions, postgresKysely } from "./postgres-connections.ts";
import { postgresError } from "./postgres-errors.ts";
import { postgresGround } from "./postgres-ground.ts";
import { PostgresListener } from "./postgres-listener.ts";
import { postgresUrl } from "./postgres-url.ts";
import { SqlStore } from "./sql-store.ts";
import { StoreFailure, StoreUnavailable } from "./store-error.ts";
import { verifyRows } from "./verify-rows.ts";

export interface OpenPostgresOptions {
  /** Unix ms. */
  now?: () => number;
  /** Told what is tried again by itself, such as a connection that was lost. */
  trouble?: (error: unknown) => void;
  /** The id that the store must have, from an earlier opening: so that another or emptied database isn't taken for it. */
  id?: string;
  /** As the only server: another one must have ended, and this one ends when yet another takes over. */
  alone?: boolean;
  /** Connections at most, besides the one that listens. */
  connections?: number;
  /** How long what can't begin for lack of a connection is tried again before it fails, in ms. */
  patienceMs?: number;
  /** How long to wait for another server to end, in ms. */
  aloneWaitMs?: number;
}

const oldestVersion = 150_000;
/** "Quip", "serv": held by the one server that runs the store's releases and workers. */
const serverLock = [0x51756970, 0x73657276] as const;

/**
 * Opens the store of a PostgreSQL database, or makes it, in a schema of its own (`quipu`). Throws StoreFailure, or
 * StoreUnavailable when the database can't be reached now.
 */
export async function openPostgresStore(
  text: string,
  options: OpenPostgresOptions = {},
): Promise<{ store: SqlStore; id: string }> {
  const address = postgresUrl(text);
  const { shown } = address;
  const self = randomBytes(8).toString("hex");
  const trouble = options.trouble ?? (() => undefined);
  const waitUntil = Date.now() + (options.aloneWaitMs ?? 30_000);
  let first = true;
  const listener = new PostgresListener({
    address,
    self,
    trouble,
    async connected(client) {
      await suits(client, shown);
      if (options.alone !== true) return;
      for (;;) {
        // Only at the start is it waited for: later, what each write finds in `meta` decides.
        if ((await locks(client)) || !first) break;
        if (Date.now() > waitUntil)
          throw new StoreFailure("store-in-use", `Another server holds the store ${shown}. Stop that one first.`);
        await sleep(250);
      }
      first = false;
    },
  });
  const db = postgresKysely(address, `quipu ${self}`, options.connections ?? 10);
  const ground = postgresGround({ db, self, listener, patienceMs: options.patienceMs ?? 10_000 });
  try {
    await listener.open();
    const id = await begin(ground, shown, self, options);
    const accept = (meta: ReadonlyMap<string, string>): void => {
      refuseNewer(Number(meta.get("schema") ?? 0));
      if (meta.get("id") !== id)
        throw new StoreFailure("store-replaced", `The store ${shown} isn't the one that was there before.`);
      if (options.alone === true && meta.get("server") !== self)
        throw new StoreFailure("store-in-use", `Another server has taken over the store ${shown}; this one ends.`);
    };
    const store = await SqlStore.open(ground, {
      asFailure: (error) => (error instanceof StoreFailure ? error : undefined),
      now: options.now ?? Date.now,
      accept,
      trouble,
    });
    return { store, id };
  } catch (error) {
    await ground.close().catch(() => undefined);
    throw error;
  }
}

/** Whether a store (with this id, if it must have one) could stand there: throws what opening it would, and changes nothing. */
export async function tryPostgres(text: string, id?: string): Promise<void> {
  const address = postgresUrl(text);
  const client = new pg.Client(connectionOptions(address, "quipu"));
  client.on("error", () => undefined);
  try {
    await client.connect();
    await suits(client, address.shown);
    if (id === undefined) return;
    const { rows } = await client.query<{ there: boolean }>("select to_regclass('meta') is not null as there");
    const meta = rows[0]!.there
      ? await client.query<{ value: string }>("select value from meta where key = 'id'")
      : { rows: [] };
    mustBe(id, meta.rows[0]?.value, address.shown);
  } catch (error) {
    throw postgresError(error, address.shown);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Throws when this isn't a server that the store can stand on. */
export async function suits(client: Pick<pg.Client, "query">, shown: string): Promise<void> {
  const { rows } = await client.query<{ version: number; said: string; encoding: string; standby: boolean }>(
    `select current_setting('server_version_num')::int as version, current_setting('server_version') as said,
      current_setting('server_encoding') as encoding, pg_is_in_recovery() as standby`,
  );
  const { version, said, encoding, standby } = rows[0]!;
  if (version < oldestVersion)
    throw new StoreFailure("store-unsupported", `${shown} is PostgreSQL ${said}. Accepted: 15 or later.`);
  if (encoding !== "UTF8")
    throw new StoreFailure("store-unsupported", `The database ${shown} has the encoding ${encoding}. Accepted: UTF8.`);
  if (standby) throw new StoreUnavailable(`The database ${shown} can't be used for now: it is a standby, read-only.`);
}

async function locks(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>("select pg_try_advisory_lock($1, $2) as held", [
    ...serverLock,
  ]);
  return rows[0]!.held;
}

/** Throws when the store isn't the one that is expected. `found`: undefined when there is none. */
function mustBe(expected: string | undefined, found: string | undefined, shown: string): void {
  if (expected === undefined || found === expected) return;
  if (found === undefined)
    throw new StoreFailure(
      "store-missing",
      `The database ${shown} has no store, though there was one. Put it (or a backup) back; nothing was begun anew.`,
    );
  throw new StoreFailure(
    "store-replaced",
    `The store of ${shown} isn't the one that was used before. Name the right database, or put that one back.`,
  );
}

/** Checks what is there, or makes it; the store's id. */
async function begin(
  ground: Ground,
  shown: string,
  self: string,
  { id: expected, alone }: OpenPostgresOptions,
): Promise<string> {
  await ground.read(async (db) => {
    const there = (await schemaOf(db)) > 0;
    mustBe(expected, there ? (await readMeta(db)).get("id") : undefined, shown);
    if (there) await verifyRows(db);
  });
  await ground.write(async (trx) => {
    const tables = (await trx.introspection.getTables()).filter(({ schema }) => schema === ourSchema);
    if (tables.length > 0 && !tables.some(({ name }) => name === "meta"))
      throw new StoreFailure(
        "store-corrupt",
        `The schema ${ourSchema} of ${shown} holds another program's tables. Nothing was changed in it.`,
      );
    const { rows } = await sql<{ there: boolean }>`select to_regnamespace(${ourSchema}) is not null as there`.execute(
      trx,
    );
    if (rows[0]?.there !== true) await trx.schema.createSchema(ourSchema).execute();
  });
  await migrate(ground);
  return ground.write(async (trx) => {
    const known = (await readMeta(trx)).get("id");
    const id = known ?? randomUUID();
    if (known === undefined) await writeMeta(trx, "id", id);
    if (alone === true) {
      await writeMeta(trx, "server", self);
      await ground.announce(trx, {});
    }
    return id;
  });
}
