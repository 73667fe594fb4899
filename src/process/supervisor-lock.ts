import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readStat } from "../cluster/runtime/process-scan.ts";
import { isAlive } from "./proc.ts";

const lockOf = (home: string): string => join(home, "supervisor.lock");

/** The supervisor of this home that is running, if any. */
export function runningSupervisor(home: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(lockOf(home), "utf8");
  } catch {
    return undefined;
  }
  const [pid, startTime] = text.split(" ").map(Number);
  return isAlive(pid as number, startTime as number) ? pid : undefined;
}

/**
 * Makes a process, by default this one, the supervisor of a home, or gives the pid of the one that is. Of two that are
 * started at once one wins: the lock appears in one step, with its content. One whose holder has died counts for nothing.
 */
export function claimSupervision(home: string, pid: number = process.pid): number | undefined {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const mine = `${lockOf(home)}.${pid}`;
  writeFileSync(mine, `${pid} ${readStat(pid)?.startTime ?? 0}`, { mode: 0o600 });
  try {
    for (;;) {
      try {
        linkSync(mine, lockOf(home));
        return undefined;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const holder = runningSupervisor(home);
      if (holder !== undefined) return holder === pid ? undefined : holder;
      rmSync(lockOf(home), { force: true });
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

export function releaseSupervision(home: string): void {
  if (runningSupervisor(home) === process.pid) rmSync(lockOf(home), { force: true });
}
