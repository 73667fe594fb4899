import { createHash } from "node:crypto";
import { checked, insert, upsert, type Db } from "./table.ts";
import type { AuditTable, ChangesTable, TokensTable } from "./schema.ts";
import type {
  ArtifactRecord,
  AuditEntry,
  Change,
  IdempotencyRecord,
  JournalEntry,
  LedgerEntry,
  NewAuditEntry,
  ObjectKind,
  TokenRecord,
} from "./store.ts";
import { StoreFailure } from "./store-error.ts";

const change = ({ revision, seq, scope, kind, name, at, body }: ChangesTable): Change => ({
  revision,
  seq,
  scope: scope as Change["scope"],
  kind: kind as ObjectKind,
  name,
  at,
  body: body === null ? null : (JSON.parse(body) as unknown),
});

export async function readChanges(db: Db, after: number, limit: number): Promise<Change[]> {
  const rows = checked(
    "changes",
    await db
      .selectFrom("changes")
      .selectAll()
      .where("revision", ">", after)
      .orderBy("revision")
      .orderBy("seq")
      .limit(limit)
      .execute(),
  );
  // A transaction is never split over two reads: the reader goes on after a whole revision.
  const last = rows.at(-1);
  if (rows.length < limit || last === undefined) return rows.map(change);
  const rest = checked(
    "changes",
    await db
      .selectFrom("changes")
      .selectAll()
      .where("revision", "=", last.revision)
      .where("seq", ">", last.seq)
      .orderBy("seq")
      .execute(),
  );
  return [...rows, ...rest].map(change);
}

export async function readHistory(db: Db, kind: ObjectKind, name: string, limit: number): Promise<Change[]> {
  return checked(
    "changes",
    await db
      .selectFrom("changes")
      .selectAll()
      .where("kind", "=", kind)
      .where("name", "=", name)
      .orderBy("revision", "desc")
      .limit(limit)
      .execute(),
  ).map(change);
}

export async function readJournal(db: Db, app: string, release: number): Promise<JournalEntry[]> {
  const rows = checked(
    "journal",
    await db
      .selectFrom("journal")
      .selectAll()
      .where("app", "=", app)
      .where("release", "=", release)
      .orderBy("seq")
      .execute(),
  );
  return rows.map(({ seq, at, revision, action, body }) => ({
    app,
    release,
    seq,
    at,
    revision,
    action,
    body: JSON.parse(body) as Record<string, unknown>,
  }));
}

export async function lastJournal(db: Db, app: string, release: number): Promise<number> {
  const { last } = await db
    .selectFrom("journal")
    .where("app", "=", app)
    .where("release", "=", release)
    .select((eb) => eb.fn.max("seq").as("last"))
    .executeTakeFirstOrThrow();
  return Number(last ?? 0);
}

export async function appendJournal(db: Db, entry: Omit<JournalEntry, "seq">): Promise<JournalEntry> {
  const whole = { ...entry, seq: (await lastJournal(db, entry.app, entry.release)) + 1 };
  await insert(db, "journal", { ...whole, body: JSON.stringify(entry.body) });
  return whole;
}

export async function lastRelease(db: Db, app: string): Promise<number> {
  const { last } = await db
    .selectFrom("journal")
    .where("app", "=", app)
    .select((eb) => eb.fn.max("release").as("last"))
    .executeTakeFirstOrThrow();
  return Number(last ?? 0);
}

export async function openReleases(db: Db, app?: string): Promise<{ app: string; release: number }[]> {
  let query = db
    .selectFrom("journal as j")
    .where("j.seq", "=", 1)
    .select(["j.app", "j.release"])
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom("journal as e")
            .select("e.seq")
            .whereRef("e.app", "=", "j.app")
            .whereRef("e.release", "=", "j.release")
            .where("e.action", "=", "end"),
        ),
      ),
    );
  if (app !== undefined) query = query.where("j.app", "=", app);
  return query.orderBy("j.app").orderBy("j.release").execute();
}

export async function readLedger(db: Db, cluster: string): Promise<LedgerEntry[]> {
  const rows = checked(
    "ledger",
    await db.selectFrom("ledger").selectAll().where("cluster", "=", cluster).orderBy("key").execute(),
  );
  return rows.map(({ key, revision, hash }) => ({ key, revision, hash }));
}

export async function putLedger(db: Db, cluster: string, entries: readonly LedgerEntry[]): Promise<void> {
  for (const { key, revision, hash } of entries)
    await upsert(db, "ledger", ["cluster", "key"], { cluster, key, revision, hash });
}

export async function deleteLedger(db: Db, cluster: string, keys: readonly string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += 500)
    await db
      .deleteFrom("ledger")
      .where("cluster", "=", cluster)
      .where("key", "in", keys.slice(at, at + 500))
      .execute();
}

const token = ({ id, hash, subject, kind, grants, created, expires, used }: TokensTable): TokenRecord => ({
  id,
  hash,
  subject,
  kind: kind as TokenRecord["kind"],
  grants: JSON.parse(grants) as unknown,
  created,
  expires,
  used,
});

export async function readTokens(db: Db, hash?: string): Promise<TokenRecord[]> {
  const query = db.selectFrom("tokens").selectAll().orderBy("created");
  return checked("tokens", await (hash === undefined ? query : query.where("hash", "=", hash)).execute()).map(token);
}

export async function putToken(db: Db, record: TokenRecord): Promise<void> {
  await upsert(db, "tokens", ["id"], { ...record, grants: JSON.stringify(record.grants) });
}

/** sha256 over the hash before and everything that the entry says: an entry can't be changed or left out unseen. */
export function auditHash(entry: Omit<AuditEntry, "hash">): string {
  const { seq, at, who, what, subject, before, after, why, previous } = entry;
  return createHash("sha256")
    .update(JSON.stringify([previous, seq, at, who, what, subject, before ?? null, after ?? null, why ?? null]))
    .digest("hex");
}

const audit = ({ seq, at, who, what, subject, body, previous, hash }: AuditTable): AuditEntry => ({
  seq,
  at,
  who,
  what,
  subject,
  ...(JSON.parse(body) as Pick<AuditEntry, "before" | "after" | "why">),
  previous,
  hash,
});

export async function readAudit(
  db: Db,
  { subject, after = 0, limit = 100 }: { subject?: string; after?: number; limit?: number } = {},
): Promise<AuditEntry[]> {
  let query = db.selectFrom("audit").selectAll().where("seq", ">", after).orderBy("seq").limit(limit);
  if (subject !== undefined) query = query.where("subject", "=", subject);
  return checked("audit", await query.execute()).map(audit);
}

export async function appendAudit(db: Db, entry: NewAuditEntry, at: number): Promise<AuditEntry> {
  const last = checked("audit", await db.selectFrom("audit").selectAll().orderBy("seq", "desc").limit(1).execute())[0];
  const { who, what, subject, before, after, why } = entry;
  // What JSON can't hold is gone before it is hashed, so that the chain can be checked from what is kept.
  const said = JSON.parse(JSON.stringify({ before, after, why })) as Pick<AuditEntry, "before" | "after" | "why">;
  const open = { seq: (last?.seq ?? 0) + 1, at, who, what, subject, ...said, previous: last?.hash ?? "" };
  const hash = auditHash(open);
  await insert(db, "audit", {
    seq: open.seq,
    at,
    who,
    what,
    subject,
    body: JSON.stringify(said),
    previous: open.previous,
    hash,
  });
  return { ...open, hash };
}

/** Walks the chain; a StoreFailure names the first entry that doesn't follow from the one before. */
export async function verifyAudit(db: Db): Promise<void> {
  let previous = "";
  let after = 0;
  for (;;) {
    const entries = await readAudit(db, { after, limit: 1000 });
    for (const entry of entries) {
      if (entry.seq !== after + 1 || entry.previous !== previous || auditHash(entry) !== entry.hash)
        throw new StoreFailure(
          "store-corrupt",
          `The audit trail is broken at entry ${after + 1}: it doesn't follow from the one before. Put a backup in its place.`,
        );
      previous = entry.hash;
      after = entry.seq;
    }
    if (entries.length < 1000) return;
  }
}

export async function readArtifact(db: Db, digest: string): Promise<ArtifactRecord | undefined> {
  const row = checked(
    "artifacts",
    await db.selectFrom("artifacts").selectAll().where("digest", "=", digest).execute(),
  )[0];
  return row && { digest: row.digest, size: row.size, app: row.app, created: row.created, who: row.who };
}

export async function readIdempotent(db: Db, key: string): Promise<IdempotencyRecord | undefined> {
  const row = checked(
    "idempotency",
    await db.selectFrom("idempotency").selectAll().where("key", "=", key).execute(),
  )[0];
  return (
    row && {
      key,
      requestHash: row.request_hash,
      status: row.status,
      body: JSON.parse(row.body) as unknown,
      created: row.created,
    }
  );
}
