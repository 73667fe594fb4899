import { readFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { tmpdir, userInfo } from "node:os";
import { fileURLToPath } from "node:url";
import { randomBytes } from "node:crypto";
import { writePrivate } from "../trust/private-file.ts";
import { claimBlock } from "./block.ts";

/** The checkout that this code runs from. */
export const checkout = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

export interface ClusterEntry {
  name: string;
  region: string;
  zone: string;
  labels: Record<string, string>;
  /** 1 to 15: which /16 of the block. */ index: number;
  /** Pods become ready without a process. */
  hollow?: boolean;
}

/** `fleet.json`: what a home remembers between starts. */
export interface FleetFile {
  /** 8 hex digits: marks every process of this fleet in its environment. */
  id: string;
  block: number;
  host: string;
  port: number;
  trustDomain: string;
  /** URL of the PostgreSQL database that holds the state; absent: SQLite, in the home. */
  database?: string;
  clusters: ClusterEntry[];
}

/** Clusters of a fleet that nobody described: two markets, one of them the first to get a change. */
export const defaultClusters: readonly ClusterEntry[] = [
  { name: "bogota", region: "co", zone: "co-a", labels: { market: "co", stage: "canary" }, index: 1 },
  { name: "montevideo", region: "uy", zone: "uy-a", labels: { market: "uy", stage: "main" }, index: 2 },
];

/** `QUIPU_HOME`, else `.quipu/` of the checkout, so that two clones don't share a fleet. */
export function homeFolder(environment: NodeJS.ProcessEnv = process.env): string {
  return resolve(environment.QUIPU_HOME ?? join(checkout, ".quipu"));
}

export function runtimeRoot(environment: NodeJS.ProcessEnv = process.env): string {
  return join(environment.XDG_RUNTIME_DIR ?? tmpdir(), `quipu-${userInfo().uid}`);
}

/** Where the sockets live. Short, because a Unix socket's path must stay below 108 bytes. */
export function runFolder(fleet: string): string {
  return join(runtimeRoot(), fleet);
}

/** Sockets of processes that have ended are of no use; the next start makes the folder anew. */
export function removeRunFolder(fleet: string): void {
  rmSync(runFolder(fleet), { recursive: true, force: true });
}

export function readFleet(home: string): FleetFile | undefined {
  let text: string;
  try {
    text = readFileSync(join(home, "fleet.json"), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const fleet = JSON.parse(text) as FleetFile;
    if (typeof fleet.id !== "string" || !Array.isArray(fleet.clusters)) throw new Error("it lacks id or clusters");
    return fleet;
  } catch (error) {
    throw new Error(
      `${join(home, "fleet.json")} can't be read: ${(error as Error).message}. Restore it, or move the folder away to begin anew.`,
      { cause: error },
    );
  }
}

/** The home's fleet; makes one, with a block of addresses of its own, when there is none. */
export function openFleet(home: string, wanted: { clusters?: ClusterEntry[]; port?: number } = {}): FleetFile {
  const found = readFleet(home);
  const block = claimBlock(join(runtimeRoot(), "blocks"), home, (holder, claimed) => {
    try {
      return readFleet(holder)?.block === claimed;
    } catch {
      return true;
    }
  });
  if (found !== undefined && found.block === block) return found;
  const fleet: FleetFile =
    found !== undefined
      ? { ...found, block }
      : {
          id: randomBytes(4).toString("hex"),
          block,
          host: "127.0.0.1",
          port: wanted.port ?? 7070,
          trustDomain: "quipu.local",
          clusters: wanted.clusters ?? [...defaultClusters],
        };
  writeFleet(home, fleet);
  return fleet;
}

export function writeFleet(home: string, fleet: FleetFile): void {
  writePrivate(join(home, "fleet.json"), `${JSON.stringify(fleet, null, 2)}\n`);
}
