import { readdirSync, readFileSync } from "node:fs";

/** A process of a fleet, found by the marks in its environment. */
export interface OwnProcess { pid: number; role: string; startTime: string }

/** `/proc/PID/environ`: NUL-separated NAME=value. */
export function environmentOf(text: string): Map<string, string> {
  return new Map(text.split("\0").filter((entry) => entry.includes("=")).map((entry) => {
    const equals = entry.indexOf("=");
    return [entry.slice(0, equals), entry.slice(equals + 1)];
  }));
}

/** Field 22 of `/proc/PID/stat`, ticks since boot: with the pid it names a process for good, since pids are used again. Undefined when it has ended (also as a zombie). */
export function startTimeOf(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The command's name, field 2, is in parentheses and may hold blanks and parentheses of its own.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
}

export function isAlive(pid: number, startTime: string): boolean {
  const found = startTimeOf(pid);
  return found !== undefined && (startTime === "" || found === startTime);
}

/** Every running process whose environment says that it belongs to `fleet`. */
export function ownProcesses(fleet: string): OwnProcess[] {
  const found: OwnProcess[] = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const pid = Number(entry);
    let environment: Map<string, string>;
    try {
      environment = environmentOf(readFileSync(`/proc/${pid}/environ`, "utf8"));
    } catch {
      continue; // Somebody else's, or gone meanwhile.
    }
    const role = environment.get("QUIPU_ROLE");
    if (environment.get("QUIPU_FLEET") !== fleet || role === undefined) continue;
    const startTime = startTimeOf(pid);
    if (startTime !== undefined) found.push({ pid, role, startTime });
  }
  return found;
}
