/** Tables of the store. Every row ends in `sum` (checksum.ts). JSON is text, times are Unix ms, revisions are integers. */
export interface MetaTable {
  key: string;
  value: string;
  sum: string;
}
/** Current state of every declared object. `owner` is the app of a Release. */
export interface ObjectsTable {
  kind: string;
  name: string;
  revision: number;
  generation: number;
  created: number;
  updated: number;
  team: string;
  segment: string;
  owner: string;
  search: string;
  spec_hash: string;
  body: string;
  sum: string;
}
/** Which clusters an object concerns, for the filter. */
export interface ObjectClustersTable {
  kind: string;
  name: string;
  cluster: string;
  sum: string;
}
/** Everything that was written, by revision: what watch and history read. `body` is null when it was deleted. */
export interface ChangesTable {
  revision: number;
  seq: number;
  scope: string;
  kind: string;
  name: string;
  at: number;
  body: string | null;
  sum: string;
}
/** Roster, Lane, Base, Snapshot as they stand. */
export interface RowsTable {
  kind: string;
  name: string;
  revision: number;
  body: string;
  sum: string;
}
export interface SeenTable {
  cluster: string;
  body: string;
  sum: string;
}
export interface JournalTable {
  app: string;
  release: number;
  seq: number;
  at: number;
  revision: number;
  action: string;
  body: string;
  sum: string;
}
/** What was applied in a cluster. `key` is `apiVersion/Kind/namespace/name`. */
export interface LedgerTable {
  cluster: string;
  key: string;
  revision: number;
  hash: string;
  sum: string;
}
export interface TokensTable {
  id: string;
  hash: string;
  subject: string;
  kind: string;
  grants: string;
  created: number;
  expires: number | null;
  used: number | null;
  sum: string;
}
export interface AuditTable {
  seq: number;
  at: number;
  who: string;
  what: string;
  subject: string;
  body: string;
  previous: string;
  hash: string;
  sum: string;
}
export interface ArtifactsTable {
  digest: string;
  size: number;
  app: string;
  created: number;
  who: string;
  sum: string;
}
export interface IdempotencyTable {
  key: string;
  request_hash: string;
  status: number;
  body: string;
  created: number;
  sum: string;
}

export interface Tables {
  meta: MetaTable;
  objects: ObjectsTable;
  object_clusters: ObjectClustersTable;
  changes: ChangesTable;
  in_force: RowsTable;
  seen: SeenTable;
  journal: JournalTable;
  ledger: LedgerTable;
  tokens: TokensTable;
  audit: AuditTable;
  artifacts: ArtifactsTable;
  idempotency: IdempotencyTable;
}
export const tableNames = [
  "meta",
  "objects",
  "object_clusters",
  "changes",
  "in_force",
  "seen",
  "journal",
  "ledger",
  "tokens",
  "audit",
  "artifacts",
  "idempotency",
] as const satisfies (keyof Tables)[];
