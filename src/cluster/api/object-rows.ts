import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { KubeObject } from "../../objects/meta.ts";
import { bootId, CommitMark } from "./commit-mark.ts";
import { asStoreFailure, CorruptStore, type StoreFailure } from "./store-failure.ts";

/** ADDED, MODIFIED and DELETED as in a watch; `object` of a DELETED carries the resourceVersion of the deletion. */
export type ChangeType = "ADDED" | "MODIFIED" | "DELETED";
export interface Change {
  /** Cluster-wide revision; it is the object's resourceVersion too. */
  readonly revision: number;
  readonly type: ChangeType;
  /** `apiVersion/Kind`. */
  readonly kind: string;
  readonly object: KubeObject;
  /** What was stored before, for selectors that the object has left or entered. Not kept over a restart. */
  readonly previous?: KubeObject;
  /** Bytes of JSON, for the bound of the history. */
  readonly size: number;
}

const schema = `
  CREATE TABLE IF NOT EXISTS objects (kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL, checksum TEXT NOT NULL, PRIMARY KEY (kind, namespace, name)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS history (revision INTEGER PRIMARY KEY, type TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, checksum TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL, oldest INTEGER NOT NULL, objects INTEGER NOT NULL, checksum TEXT NOT NULL);
`;

function checksum(...parts: (string | number)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(String(part)).update("\0");
  return hash.digest("base64url").slice(0, 22);
}

/**
 * The file behind the store: every object and the latest changes, one SQLite transaction for each change.
 * Rows carry checksums of ours because SQLite itself doesn't notice a flipped byte inside a value; the state row
 * carries the number of objects, so that a lost row is noticed too.
 */
export class ObjectRows {
  readonly #database: DatabaseSync;
  readonly #put: StatementSync;
  readonly #remove: StatementSync;
  readonly #record: StatementSync;
  readonly #forget: StatementSync;
  readonly #state: StatementSync;
  readonly #path: string;
  readonly #mark: CommitMark | undefined;
  readonly #failed: (failure: StoreFailure) => void;
  #failure: StoreFailure | undefined;

  /** `failed` hears once, after the write that found out has thrown, why the file takes no more. */
  constructor(path: string, failed: (failure: StoreFailure) => void = () => undefined) {
    this.#path = path;
    this.#failed = failed;
    if (path !== ":memory:") this.#mark = new CommitMark(path, bootId());
    if (this.#mark?.exists() && !existsSync(path)) throw new CorruptStore(path, "it is gone, though there was one");
    let database: DatabaseSync | undefined;
    try {
      this.#database = database = new DatabaseSync(path);
      database.exec(
        "PRAGMA busy_timeout = 500; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 8000;",
      );
      const check = this.#database
        .prepare("PRAGMA quick_check")
        .all()
        .map((row) => Object.values(row)[0]);
      if (check.length !== 1 || check[0] !== "ok") throw new CorruptStore(path, String(check[0]));
      this.#database.exec(schema);
    } catch (error) {
      database?.close();
      if (error instanceof CorruptStore) throw error;
      if ((error as { errcode?: number }).errcode === 5)
        throw new Error(`the cluster's store ${path} is in use by another process`, { cause: error });
      throw asStoreFailure(error, path) ?? new CorruptStore(path, (error as Error).message, error);
    }
    this.#put = this.#database.prepare("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?)");
    this.#remove = this.#database.prepare("DELETE FROM objects WHERE kind = ? AND namespace = ? AND name = ?");
    this.#record = this.#database.prepare("INSERT INTO history VALUES (?, ?, ?, ?, ?)");
    this.#forget = this.#database.prepare("DELETE FROM history WHERE revision <= ?");
    this.#state = this.#database.prepare("INSERT OR REPLACE INTO state VALUES (1, ?, ?, ?, ?)");
  }

  /** Reads and checks everything. @throws CorruptStore naming the first damaged row, or the commits that are gone. */
  load(): { revision: number; oldest: number; objects: { kind: string; object: KubeObject }[]; history: Change[] } {
    try {
      const loaded = this.#load();
      const marked = this.#mark?.read() ?? 0;
      if (marked > loaded.revision)
        throw new CorruptStore(
          this.#path,
          `it was written up to revision ${marked} and ends at ${loaded.revision}. To go on without what is lost, remove ${this.#mark?.path}`,
        );
      return loaded;
    } catch (error) {
      this.#database.close();
      throw error instanceof CorruptStore ? error : new CorruptStore(this.#path, (error as Error).message, error);
    }
  }

  #load(): ReturnType<ObjectRows["load"]> {
    const objects = [];
    for (const row of this.#database.prepare("SELECT * FROM objects").iterate()) {
      const { kind, namespace, name, revision, body } = row as {
        kind: string;
        namespace: string;
        name: string;
        revision: number;
        body: string;
      };
      if (checksum(kind, namespace, name, revision, body) !== row["checksum"])
        throw new CorruptStore(this.#path, `the row of ${kind} ${namespace}/${name} doesn't match its checksum`);
      objects.push({ kind, object: JSON.parse(body) as KubeObject });
    }
    const history: Change[] = [];
    for (const row of this.#database.prepare("SELECT * FROM history ORDER BY revision").iterate()) {
      const { revision, type, kind, body } = row as { revision: number; type: ChangeType; kind: string; body: string };
      if (checksum(revision, type, kind, body) !== row["checksum"])
        throw new CorruptStore(this.#path, `the history row of revision ${revision} doesn't match its checksum`);
      history.push({ revision, type, kind, object: JSON.parse(body) as KubeObject, size: body.length });
    }
    const state = this.#database.prepare("SELECT * FROM state").get() as
      | { revision: number; oldest: number; objects: number; checksum: string }
      | undefined;
    if (state === undefined) {
      if (objects.length > 0 || history.length > 0) throw new CorruptStore(this.#path, "its state row is missing");
      return { revision: 0, oldest: 0, objects, history };
    }
    if (checksum(state.revision, state.oldest, state.objects) !== state.checksum)
      throw new CorruptStore(this.#path, "its state row doesn't match its checksum");
    if (state.objects !== objects.length)
      throw new CorruptStore(this.#path, `${state.objects} objects were written and ${objects.length} are left`);
    if (history.length !== state.revision - state.oldest)
      throw new CorruptStore(
        this.#path,
        `its history has ${history.length} changes where ${state.revision - state.oldest} were written`,
      );
    return { revision: state.revision, oldest: state.oldest, objects, history };
  }

  /** One change, kept when this returns even if the process dies (a power failure may undo the latest). `oldest`: changes up to that revision are forgotten; `objects`: how many there are afterwards. */
  write(change: Change, body: string, oldest: number, objects: number, forget: boolean): void {
    if (this.#failure !== undefined) throw this.#failure;
    const { namespace = "", name } = change.object.metadata;
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      if (change.type === "DELETED") this.#remove.run(change.kind, namespace, name);
      else
        this.#put.run(
          change.kind,
          namespace,
          name,
          change.revision,
          body,
          checksum(change.kind, namespace, name, change.revision, body),
        );
      this.#record.run(
        change.revision,
        change.type,
        change.kind,
        body,
        checksum(change.revision, change.type, change.kind, body),
      );
      if (forget) this.#forget.run(oldest);
      this.#state.run(change.revision, oldest, objects, checksum(change.revision, oldest, objects));
      this.#database.exec("COMMIT");
      this.#mark?.write(change.revision);
    } catch (error) {
      throw this.#undo(error);
    }
  }

  /** What to throw for an error of a write. */
  #undo(error: unknown): unknown {
    try {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
    } catch {
      // What made the write fail is told; SQLite undoes the rest when the file is opened again.
    }
    const failure = asStoreFailure(error, this.#path);
    if (failure === undefined) return error;
    this.#failure = failure;
    setImmediate(() => this.#failed(failure));
    return failure;
  }

  close(): void {
    this.#mark?.close();
    this.#database.close();
  }
}
