import type { Base, Lane, Roster, Snapshot } from "../model/rows.ts";
import { rowName, writeRow } from "./rows-table.ts";
import type { InForce, RowChange } from "./in-force.ts";
import { allObjects, deleteObject, getObject, listObjects, putObject } from "./objects-table.ts";
import * as records from "./records-tables.ts";
import type { Change, ObjectKind, ReadTx, WriteTx } from "./store.ts";
import { insert, upsert, type Db } from "./table.ts";

/** `revision` is that of the view which `db` reads. */
export function readTx(db: Db, revision: () => Promise<number>): ReadTx {
  return {
    revision,
    get: (kind, name) => getObject(db, kind, name),
    list: async (kind, query = {}) => listObjects(db, kind, query, await revision()),
    all: (kind) => allObjects(db, kind),
    history: (kind, name, limit = 50) => records.readHistory(db, kind, name, limit),
    changes: (after, limit) => records.readChanges(db, after, limit),
    journal: (app, release) => records.readJournal(db, app, release),
    lastJournal: (app, release) => records.lastJournal(db, app, release),
    lastRelease: (app) => records.lastRelease(db, app),
    openReleases: (app) => records.openReleases(db, app),
    ledger: (cluster) => records.readLedger(db, cluster),
    tokenByHash: async (hash) => (await records.readTokens(db, hash))[0],
    tokens: () => records.readTokens(db),
    audit: (query) => records.readAudit(db, query),
    artifact: (digest) => records.readArtifact(db, digest),
    idempotent: (key) => records.readIdempotent(db, key),
  };
}

/** What a write transaction leaves for after its commit. */
export interface Written {
  rows: RowChange[];
  changes: number;
}

/** A write transaction under revision `next`; it looks at what was in force when it began. */
export function writeTx(db: Db, view: InForce, next: number, now: number, written: Written): WriteTx {
  const record = async (scope: Change["scope"], kind: string, name: string, body: unknown): Promise<void> => {
    written.changes += 1;
    await insert(db, "changes", {
      revision: next,
      seq: written.changes,
      scope,
      kind,
      name,
      at: now,
      body: body === null ? null : JSON.stringify(body),
    });
  };
  const row = async (change: RowChange): Promise<void> => {
    written.rows.push(change);
    await writeRow(db, change, next);
    if (change.kind !== "Snapshot") await record("row", change.kind, rowName(change), change.value);
  };
  return {
    ...readTx(db, () => Promise.resolve(next - 1)),
    next,
    now,
    inForce: view,
    async put(body, options = {}) {
      const { object, changed } = await putObject(db, body, options, next, now);
      if (changed) await record("object", object.kind, object.name, body);
      return object;
    },
    async delete(kind: ObjectKind, name, expected) {
      const object = await deleteObject(db, kind, name, expected);
      if (object !== undefined) await record("object", kind, name, null);
      return object;
    },
    async putSnapshot({ hash, content }: Snapshot) {
      if (
        !view.snapshots.has(hash) &&
        !written.rows.some((change) => change.kind === "Snapshot" && change.hash === hash)
      )
        await row({ kind: "Snapshot", hash, value: content });
    },
    putRoster: (value: Roster) => row({ kind: "Roster", app: value.app, value }),
    putLane: (value: Lane) => row({ kind: "Lane", app: value.app, cluster: value.cluster, value }),
    putBase: (value: Base) => row({ kind: "Base", segment: value.segment, cluster: value.cluster, value }),
    deleteRoster: (app) => row({ kind: "Roster", app, value: null }),
    deleteLane: (app, cluster) => row({ kind: "Lane", app, cluster, value: null }),
    deleteBase: (segment, cluster) => row({ kind: "Base", segment, cluster, value: null }),
    appendJournal: (app, release, action, body) =>
      records.appendJournal(db, { app, release, at: now, revision: next, action, body }),
    putLedger: (cluster, entries) => records.putLedger(db, cluster, entries),
    deleteLedger: (cluster, keys) => records.deleteLedger(db, cluster, keys),
    putToken: (token) => records.putToken(db, token),
    async deleteToken(id) {
      await db.deleteFrom("tokens").where("id", "=", id).execute();
    },
    appendAudit: (entry) => records.appendAudit(db, entry, now),
    putArtifact: (artifact) => upsert(db, "artifacts", ["digest"], { ...artifact }),
    putIdempotent: ({ key, requestHash, status, body, created }) =>
      upsert(db, "idempotency", ["key"], {
        key,
        request_hash: requestHash,
        status,
        body: JSON.stringify(body),
        created,
      }),
  };
}
