import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";

/**
 * Does `work` while no other process does anything under the same path. The system itself gives the lock back when its
 * holder dies, so that there is no stale one. `waiting` is called once if there is a wait.
 */
export async function inTurn<T>(path: string, waiting: () => void, work: () => Promise<T>): Promise<T> {
  const lock = new DatabaseSync(path);
  try {
    for (let told = false; !taken(lock); await delay(300)) {
      if (!told) waiting();
      told = true;
    }
    return await work();
  } finally {
    lock.close();
  }
}

function taken(lock: DatabaseSync): boolean {
  try {
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    // 5: SQLITE_BUSY, 6: SQLITE_LOCKED.
    if ([5, 6].includes((error as { errcode?: number }).errcode ?? 0)) return false;
    throw error;
  }
}
