import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writePrivate } from "../../trust/private-file.ts";
import type { Allocation } from "./allocation.ts";

/**
 * What is on disk of a pod: its allocation, written before anything is spawned. Which processes run is written nowhere;
 * they say so themselves, in their environment, so that there is no moment between spawning one and recording it.
 */
export function writeRecord(folder: string, allocation: Allocation): void {
  writePrivate(join(folder, "pod.json"), JSON.stringify(allocation));
}

export function readRecord(folder: string): Allocation | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, "pod.json"), "utf8")) as Allocation;
  } catch {
    return undefined;
  }
}

/** Uids of all pods that have a folder. */
export function recordedPods(podsFolder: string): string[] {
  try {
    return readdirSync(podsFolder);
  } catch {
    return [];
  }
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
