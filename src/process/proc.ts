import { readFileSync } from "node:fs";
import { type FoundProcess, readStat, readVariable, scanProcesses } from "../cluster/runtime/process-scan.ts";

/** Every running process of a fleet, whatever its role. */
export function ownProcesses(fleet: string): FoundProcess[] {
  return scanProcesses(fleet, [""]);
}

/** Whether it is still the same process: pids are used again, and with its start time a pid names one for good. */
export function isAlive(pid: number, startTime: number): boolean {
  return readStat(pid)?.startTime === startTime;
}

/** Sends a signal; nothing happens when the process has just ended by itself. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** The role in a process's environment; undefined when it has ended or is somebody else's. */
export function roleOf(pid: number): string | undefined {
  try {
    return readVariable(readFileSync(`/proc/${pid}/environ`, "latin1"), "QUIPU_ROLE");
  } catch {
    return undefined;
  }
}
