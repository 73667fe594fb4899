import { withChanges, type InForce, type RowChange } from "../../src/store/in-force.ts";
import type { JournalEntry, ObjectBody, ObjectKind, PutOptions, StoredObject, WriteTx } from "../../src/store/store.ts";
import { RevisionConflict } from "../../src/store/store-error.ts";
import type { Commit, Disk } from "./disk.ts";
import { storedBody } from "./stored-body.ts";

export const notSimulated = (): never => {
  throw new Error("the simulated store has none of that");
};

/** A transaction: what it writes is kept apart until it is committed. */
export class MemoryTx implements WriteTx {
  readonly next: number;
  readonly now: number;
  readonly inForce: InForce;
  readonly #disk: Disk;
  readonly #objects = new Map<string, StoredObject | null>();
  readonly #journal: JournalEntry[] = [];
  readonly #rows: RowChange[] = [];

  constructor(disk: Disk, now: number) {
    this.#disk = disk;
    this.next = disk.revision + 1;
    this.now = now;
    this.inForce = disk.inForce;
  }

  isEmpty(): boolean {
    return this.#objects.size + this.#journal.length + this.#rows.length === 0;
  }

  commit(): Commit {
    const disk = this.#disk;
    const before = disk.inForce;
    // As in the real one, a journal entry alone makes no revision.
    if (this.#objects.size + this.#rows.length > 0) {
      disk.revision = this.next;
      disk.inForce = withChanges(before, this.next, this.#rows);
    }
    for (const [key, object] of this.#objects) {
      if (object === null) disk.objects.delete(key);
      else disk.objects.set(key, object);
    }
    for (const entry of this.#journal) {
      const key = `${entry.app}/${entry.release}`;
      const entries = disk.journal.get(key);
      if (entries === undefined) disk.journal.set(key, [entry]);
      else entries.push(entry);
      const open = disk.open.get(entry.app) ?? new Set();
      disk.open.set(entry.app, open);
      if (entry.seq === 1) open.add(entry.release);
      if (entry.action === "end") open.delete(entry.release);
      disk.last.set(entry.app, Math.max(entry.release, disk.last.get(entry.app) ?? 0));
    }
    return { before, after: disk.inForce, rows: this.#rows, entries: this.#journal };
  }

  revision = (): Promise<number> => Promise.resolve(this.next - 1);

  #object(kind: ObjectKind, name: string): StoredObject | undefined {
    const key = `${kind}/${name}`;
    const own = this.#objects.get(key);
    return own === undefined ? this.#disk.objects.get(key) : (own ?? undefined);
  }

  get(kind: ObjectKind, name: string): Promise<StoredObject | undefined> {
    return Promise.resolve(this.#object(kind, name));
  }

  all(kind: ObjectKind): Promise<StoredObject[]> {
    const names = new Set(
      [...this.#disk.objects.values(), ...this.#objects.values()].flatMap((object) =>
        object?.kind === kind ? [object.name] : [],
      ),
    );
    return Promise.resolve([...names].toSorted().flatMap((name) => this.#object(kind, name) ?? []));
  }

  async put(body: ObjectBody, { expected }: PutOptions = {}): Promise<StoredObject> {
    const kind = body.kind as ObjectKind;
    const { name } = body.metadata;
    const before = this.#object(kind, name);
    if (expected !== undefined && expected !== (before?.revision ?? 0))
      throw new RevisionConflict(`${kind}/${name}`, expected, before?.revision);
    const stored = storedBody(body, before?.body);
    if (stored === before?.body) return before;
    const object: StoredObject = {
      kind,
      name,
      revision: this.next,
      generation: before === undefined ? 1 : before.generation + (stored.spec === before.body.spec ? 0 : 1),
      created: before?.created ?? this.now,
      updated: this.now,
      body: stored,
    };
    this.#objects.set(`${kind}/${name}`, object);
    return object;
  }

  async delete(kind: ObjectKind, name: string, expected?: number): Promise<StoredObject | undefined> {
    const before = this.#object(kind, name);
    if (expected !== undefined && expected !== (before?.revision ?? 0))
      throw new RevisionConflict(`${kind}/${name}`, expected, before?.revision);
    if (before !== undefined) this.#objects.set(`${kind}/${name}`, null);
    return before;
  }

  #entries(app: string, release: number): JournalEntry[] {
    return [
      ...(this.#disk.journal.get(`${app}/${release}`) ?? []),
      ...this.#journal.filter((entry) => entry.app === app && entry.release === release),
    ];
  }

  journal(app: string, release: number): Promise<JournalEntry[]> {
    return Promise.resolve(this.#entries(app, release));
  }

  lastJournal(app: string, release: number): Promise<number> {
    return Promise.resolve(this.#entries(app, release).length);
  }

  lastRelease(app: string): Promise<number> {
    const own = this.#journal.flatMap((entry) => (entry.app === app ? [entry.release] : []));
    return Promise.resolve(Math.max(0, this.#disk.last.get(app) ?? 0, ...own));
  }

  openReleases(app?: string): Promise<{ app: string; release: number }[]> {
    const apps = app === undefined ? new Set([...this.#disk.open.keys(), ...this.#journal.map((e) => e.app)]) : [app];
    return Promise.resolve(
      [...apps].toSorted().flatMap((name) => {
        const open = new Set(this.#disk.open.get(name));
        for (const entry of this.#journal) {
          if (entry.app !== name) continue;
          if (entry.seq === 1) open.add(entry.release);
          if (entry.action === "end") open.delete(entry.release);
        }
        return [...open].toSorted((a, b) => a - b).map((release) => ({ app: name, release }));
      }),
    );
  }

  async appendJournal(
    app: string,
    release: number,
    action: string,
    body: Record<string, unknown>,
  ): Promise<JournalEntry> {
    const entry: JournalEntry = {
      app,
      release,
      seq: this.#entries(app, release).length + 1,
      at: this.now,
      revision: this.next,
      action,
      body: JSON.parse(JSON.stringify(body)) as Record<string, unknown>,
    };
    this.#journal.push(entry);
    return entry;
  }

  async #row(change: RowChange): Promise<void> {
    this.#rows.push(JSON.parse(JSON.stringify(change)) as RowChange);
  }
  putSnapshot: WriteTx["putSnapshot"] = async ({ hash, content }) => {
    const there = this.inForce.snapshots.has(hash) || this.#rows.some((row) => "hash" in row && row.hash === hash);
    if (!there) await this.#row({ kind: "Snapshot", hash, value: content });
  };
  putRoster: WriteTx["putRoster"] = (value) => this.#row({ kind: "Roster", app: value.app, value });
  putLane: WriteTx["putLane"] = (value) => this.#row({ kind: "Lane", app: value.app, cluster: value.cluster, value });
  putBase: WriteTx["putBase"] = (value) =>
    this.#row({ kind: "Base", segment: value.segment, cluster: value.cluster, value });
  deleteRoster: WriteTx["deleteRoster"] = (app) => this.#row({ kind: "Roster", app, value: null });
  deleteLane: WriteTx["deleteLane"] = (app, cluster) => this.#row({ kind: "Lane", app, cluster, value: null });
  deleteBase: WriteTx["deleteBase"] = (segment, cluster) => this.#row({ kind: "Base", segment, cluster, value: null });

  artifact = (): Promise<undefined> => Promise.resolve(undefined);
  list = notSimulated;
  history = notSimulated;
  changes = notSimulated;
  ledger = notSimulated;
  tokenByHash = notSimulated;
  tokens = notSimulated;
  audit = notSimulated;
  idempotent = notSimulated;
  putLedger = notSimulated;
  deleteLedger = notSimulated;
  putToken = notSimulated;
  deleteToken = notSimulated;
  appendAudit = notSimulated;
  putArtifact = notSimulated;
  putIdempotent = notSimulated;
}
