import type { Base, Lane, Roster, Seen, Snapshot } from "../model/rows.ts";
import type { InForce } from "./in-force.ts";
import type { StoreFailure } from "./store-error.ts";

export type ObjectKind = "Team" | "Segment" | "Cluster" | "App" | "Release" | "Policy" | "TokenIssuer" | "Window";
export type RowKind = "Snapshot" | "Roster" | "Lane" | "Base";

/** A declared document as it is kept. */
export interface ObjectBody {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Record<string, string>; [key: string]: unknown };
  spec: Record<string, unknown>;
  status?: Record<string, unknown>;
}

export interface StoredObject {
  kind: ObjectKind;
  name: string;
  /** Store revision of the last write; the ETag. */
  revision: number;
  /** Increases only when the spec changes. */
  generation: number;
  created: number;
  updated: number;
  body: ObjectBody;
}

export interface PutOptions {
  /** The revision that must stand there; 0: must not exist; absent: whatever stands there. */
  expected?: number;
  /** Clusters that the object concerns, for the filter; absent: as before. */
  clusters?: readonly string[];
  /** Team and segment for the filter, where the spec doesn't say them (a Release). */
  team?: string;
  segment?: string;
}

export type SortField = "name" | "updated" | "team" | "segment";
export interface ListQuery {
  /** 1 to 500; 100 when absent. */
  limit?: number;
  /** From the last page. */
  continue?: string;
  team?: string;
  segment?: string;
  cluster?: string;
  /** The app of a Release. */
  owner?: string;
  /** Part of the name or of a label, in any case. */
  q?: string;
  /** Field, descending with a leading `-`. */
  sort?: SortField | `-${SortField}`;
}
export interface Page {
  items: StoredObject[];
  continue?: string;
  total: number;
  revision: number;
}

/** One write. `body` is null when the thing was deleted. */
export interface Change {
  revision: number;
  seq: number;
  scope: "object" | "row";
  kind: ObjectKind | RowKind;
  name: string;
  at: number;
  body: unknown;
}

export interface JournalEntry {
  app: string;
  release: number;
  /** From 1, without gaps, within a release. */
  seq: number;
  at: number;
  /** Store revision of the transaction that wrote it. */
  revision: number;
  action: string;
  body: Record<string, unknown>;
}

export interface LedgerEntry {
  key: string;
  revision: number;
  hash: string;
}

export interface TokenRecord {
  id: string;
  /** sha256 of the secret, hex. */
  hash: string;
  subject: string;
  kind: "machine" | "login" | "session" | "cluster";
  grants: unknown;
  created: number;
  expires: number | null;
  used: number | null;
}

export interface AuditEntry {
  seq: number;
  at: number;
  who: string;
  what: string;
  subject: string;
  before?: unknown;
  after?: unknown;
  why?: string;
  previous: string;
  hash: string;
}
export type NewAuditEntry = Pick<AuditEntry, "who" | "what" | "subject" | "before" | "after" | "why">;

export interface ArtifactRecord {
  digest: string;
  size: number;
  app: string;
  created: number;
  who: string;
}
export interface IdempotencyRecord {
  key: string;
  requestHash: string;
  status: number;
  body: unknown;
  created: number;
}

/** What can be read in one consistent view. */
export interface ReadTx {
  /** Of the newest committed write. */
  revision(): Promise<number>;
  get(kind: ObjectKind, name: string): Promise<StoredObject | undefined>;
  list(kind: ObjectKind, query?: ListQuery): Promise<Page>;
  /** All of a kind by name, without paging: for kinds of which there are few, and for the engine. */
  all(kind: ObjectKind): Promise<StoredObject[]>;
  /** Newest first. */
  history(kind: ObjectKind, name: string, limit?: number): Promise<Change[]>;
  changes(after: number, limit: number): Promise<Change[]>;
  journal(app: string, release: number): Promise<JournalEntry[]>;
  /** Number of the release's newest journal entry; 0: none. */
  lastJournal(app: string, release: number): Promise<number>;
  /** The highest number that a release of the app ever had; 0: none. */
  lastRelease(app: string): Promise<number>;
  /** Releases whose journal has no `end`, by app, lowest number first. */
  openReleases(app?: string): Promise<{ app: string; release: number }[]>;
  ledger(cluster: string): Promise<LedgerEntry[]>;
  tokenByHash(hash: string): Promise<TokenRecord | undefined>;
  tokens(): Promise<TokenRecord[]>;
  audit(query?: { subject?: string; after?: number; limit?: number }): Promise<AuditEntry[]>;
  artifact(digest: string): Promise<ArtifactRecord | undefined>;
  idempotent(key: string): Promise<IdempotencyRecord | undefined>;
}

/** One transaction: all of it or nothing, under one revision. */
export interface WriteTx extends ReadTx {
  /** The revision under which this transaction will be visible. */
  readonly next: number;
  readonly now: number;
  /** What was in force when the transaction began. */
  readonly inForce: InForce;
  /** Throws RevisionConflict. Without a change of the body nothing is written. */
  put(body: ObjectBody, options?: PutOptions): Promise<StoredObject>;
  /** Throws RevisionConflict; undefined when there was none. */
  delete(kind: ObjectKind, name: string, expected?: number): Promise<StoredObject | undefined>;
  putSnapshot(snapshot: Snapshot): Promise<void>;
  putRoster(roster: Roster): Promise<void>;
  putLane(lane: Lane): Promise<void>;
  putBase(base: Base): Promise<void>;
  deleteRoster(app: string): Promise<void>;
  deleteLane(app: string, cluster: string): Promise<void>;
  deleteBase(segment: string, cluster: string): Promise<void>;
  appendJournal(app: string, release: number, action: string, body: Record<string, unknown>): Promise<JournalEntry>;
  putLedger(cluster: string, entries: readonly LedgerEntry[]): Promise<void>;
  deleteLedger(cluster: string, keys: readonly string[]): Promise<void>;
  putToken(token: TokenRecord): Promise<void>;
  deleteToken(id: string): Promise<void>;
  appendAudit(entry: NewAuditEntry): Promise<AuditEntry>;
  putArtifact(artifact: ArtifactRecord): Promise<void>;
  putIdempotent(record: IdempotencyRecord): Promise<void>;
}

/** Objects, what is in force, observations and records, on SQL. */
export interface Store {
  read<T>(work: (tx: ReadTx) => Promise<T>): Promise<T>;
  write<T>(work: (tx: WriteTx) => Promise<T>): Promise<T>;
  /** What is in force now: immutable, so whoever holds it reads one revision. */
  inForce(): InForce;
  /** Called after each commit that changed what is in force, with the new view. Returns how to stop. */
  onInForce(listener: (view: InForce) => void): () => void;
  /** Latest observations by cluster; never a revision. */
  seen(): ReadonlyMap<string, Seen>;
  putSeen(seen: Seen): Promise<void>;
  onSeen(listener: (seen: Seen) => void): () => void;
  /** Every change after `revision`, then each as it comes, until the signal. Reads from the table, so a slow reader costs nothing. */
  watch(revision: number, signal: AbortSignal): AsyncIterable<Change>;
  /** Called once when the store can't go on. */
  onFailure(listener: (failure: StoreFailure) => void): () => void;
  readonly failure: StoreFailure | undefined;
  close(): Promise<void>;
}
