import { channel } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";
import { openClusterLink } from "../../src/fleet/cluster-link.ts";
import type { RateLimit } from "../../src/fleet/token-bucket.ts";
import type { KubeConnection } from "../../src/kube/kube-connection.ts";
import { openSqliteStore } from "../../src/store/open-sqlite-store.ts";
import { cluster, trustDomain } from "./apps.ts";
import type { Edit } from "./rows.ts";

/**
 * What a server holds for one cluster, in a process of its own so that processor time and memory are its alone: the store,
 * what is in force rendered, the worker and its ledger. Told what to do by its parent.
 */
export interface Start {
  store: string;
  connection: KubeConnection;
  /** Absent: the product's own. */
  rateLimit?: RateLimit;
  /** Measures the heap at every stage; what takes time isn't to be measured then. */
  heap?: boolean;
}
export type Order = { do: "usage" } | { do: "settled" } | ({ do: "write" } & Edit);
export interface Usage {
  /** Processor time since the start. */
  cpuMs: number;
  rssMb: number;
  /** What is in use, after a collection. Of the store opened, everything rendered, everything seen. */
  heapMb: number[];
  /** Requests begun, as the HTTP client tells of them. */
  requests: Record<string, number>;
  /** From the start of the process until everything was rendered. */
  renderedMs: number;
}

const { store: path, connection, rateLimit, heap } = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as Start;
const requests: Record<string, number> = {};
channel("undici:request:create").subscribe((message) => {
  const kind = kindOf((message as { request: { method: string; path: string } }).request);
  requests[kind] = (requests[kind] ?? 0) + 1;
});
const heapMb: number[] = [];
const measureHeap = (): void => {
  if (heap !== true) return;
  globalThis.gc!();
  heapMb.push(process.memoryUsage().heapUsed / 1e6);
};

const store = await openSqliteStore(path);
measureHeap();
// A revision may be told of as applied before anything was looked at, because it was by the process before.
let looked = false;
const waiting = new Set<() => void>();
const isSettled = (): boolean => {
  const seen = store.seen().get(cluster);
  if (seen?.beyond !== undefined) looked = true;
  return looked && seen?.applied === store.inForce().revision && seen.beyond === undefined;
};
store.onSeen((seen) => {
  if (seen.error !== undefined || seen.trouble !== undefined) console.error(seen.error ?? seen.trouble);
  if (isSettled()) for (const tell of waiting) tell();
});
const link = openClusterLink({
  ...{ cluster, connection, store, trustDomain, mayBeEmpty: () => true },
  claim: (uid) => Promise.resolve({ identity: { uid, since: 0 }, fresh: false }),
  ...(rateLimit && { rateLimit }),
  failed: (error) => console.error(error),
});
const renderedMs = performance.now();
measureHeap();

process.on("message", (order: Order) => void obey(order).then((usage) => process.send!(usage)));
process.on("disconnect", () => void link.close().then(() => process.exit(0)));
process.send!("ready");

async function obey(order: Order): Promise<Usage> {
  if (order.do === "write")
    await store.write(async (tx) => {
      for (const snapshot of order.snapshots) await tx.putSnapshot(snapshot);
      for (const lane of order.lanes) await tx.putLane(lane);
    });
  if (order.do === "settled") {
    let tell = (): void => undefined;
    const settled = new Promise<void>((done) => (tell = done));
    waiting.add(tell);
    if (isSettled()) tell();
    await settled;
    waiting.delete(tell);
    if (heapMb.length === 2) measureHeap();
  }
  const { user, system } = process.cpuUsage();
  const rssMb = process.memoryUsage.rss() / 1e6;
  return { cpuMs: (user + system) / 1000, rssMb, heapMb, requests: { ...requests }, renderedMs };
}

function kindOf({ method, path }: { method: string; path: string }): string {
  if (path.includes("watch=true")) return "watch";
  return method === "GET" ? (path.includes("limit=") ? "list" : "get") : method.toLowerCase();
}
