import { readdirSync, readFileSync } from "node:fs";

/** A live process of a fleet, found by what it carries in its environment. */
export interface FoundProcess {
  pid: number;
  /** Clock ticks after boot; with the pid it names a process for ever, whatever becomes of its pid. */
  startTime: number;
  /** Process group and session; a pod's first process leads both. */
  session: number;
  /** `app/CLUSTER/POD_UID`, `sidecar/CLUSTER/POD_UID`, … */
  role: string;
  /** Which spawn of ours it comes from, itself or by its ancestors: they all inherit the variable. */
  spawn: string;
}

export interface ProcessStat {
  startTime: number;
  session: number;
  state: string;
  parent: number;
  /** user + system, clock ticks */ cpuTicks: number;
}

/** `/proc/PID/stat`, fields as in proc(5). The command name may hold spaces and parentheses, so count from the last `)`. */
export function parseStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return {
    state: fields[0] ?? "",
    parent: Number(fields[1]),
    session: Number(fields[3]),
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    startTime: Number(fields[19]),
  };
}

/** Undefined when there is no such process; zombies count as gone. */
export function readStat(pid: number): ProcessStat | undefined {
  try {
    const stat = parseStat(readFileSync(`/proc/${pid}/stat`, "latin1"));
    return stat.state === "Z" || stat.state === "X" ? undefined : stat;
  } catch {
    return undefined;
  }
}

export function listPids(): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid > 0);
}

/** The value of a variable in a block of NUL-separated `NAME=value`. */
export function readVariable(environ: string, name: string): string | undefined {
  const at = environ.startsWith(`${name}=`) ? 0 : environ.indexOf(`\0${name}=`) + 1;
  if (at === 0 && !environ.startsWith(`${name}=`)) return undefined;
  const end = environ.indexOf("\0", at);
  return environ.slice(at + name.length + 1, end < 0 ? undefined : end);
}

/** Every live process of a fleet whose role begins with one of `prefixes`. Others' processes can't be read and are none of ours. */
export function scanProcesses(fleet: string, prefixes: readonly string[]): FoundProcess[] {
  const found: FoundProcess[] = [];
  for (const pid of listPids()) {
    let environ: string;
    try {
      environ = readFileSync(`/proc/${pid}/environ`, "latin1");
    } catch {
      continue;
    }
    if (readVariable(environ, "QUIPU_FLEET") !== fleet) continue;
    const role = readVariable(environ, "QUIPU_ROLE");
    if (role === undefined || !prefixes.some((prefix) => role.startsWith(prefix))) continue;
    const stat = readStat(pid);
    if (stat !== undefined)
      found.push({
        pid,
        startTime: stat.startTime,
        session: stat.session,
        role,
        spawn: readVariable(environ, "QUIPU_SPAWN") ?? "",
      });
  }
  return found;
}
