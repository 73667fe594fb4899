import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { listPids, readStat } from "./process-scan.ts";
import { PodProblem } from "./pod-problem.ts";

/** How a process ended. Both undefined: it wasn't our child, so nobody could tell us. */
export interface Exit {
  code: number | undefined;
  signal: NodeJS.Signals | undefined;
}

/** One process of a pod, spawned or adopted; it leads its session, and signals go to the whole session's group. */
export interface ProcessHandle {
  readonly pid: number;
  readonly startTime: number;
  /** Unix ms. */
  readonly startedAt: number;
  readonly exited: Promise<Exit>;
  /** To the process group. Nothing happens when it is gone, or when the pid is another's by now. */
  signal(name: NodeJS.Signals): void;
}

export interface Launch {
  command: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  output: string;
}

/**
 * Starts a process that outlives ours: own session and process group, output appended to a file. Throws PodProblem
 * StartError when the command can't be run.
 */
export function spawnDetached(launch: Launch): Promise<ProcessHandle> {
  return new Promise((resolve, reject) => {
    const output = openSync(launch.output, "a", 0o600);
    try {
      const child = spawn(launch.command, launch.args, {
        cwd: launch.cwd,
        env: launch.env,
        detached: true,
        stdio: ["ignore", output, output],
      });
      child.once("error", (error: NodeJS.ErrnoException) =>
        reject(new PodProblem("StartError", startMessage(launch, error))),
      );
      const { pid } = child;
      if (pid === undefined) return;
      const exited = new Promise<Exit>((done) =>
        child.once("exit", (code, signal) => done({ code: code ?? undefined, signal: signal ?? undefined })),
      );
      child.unref();
      resolve(handle(pid, readStat(pid)?.startTime ?? 0, Date.now(), exited));
    } catch (error) {
      reject(new PodProblem("StartError", startMessage(launch, error as NodeJS.ErrnoException)));
    } finally {
      closeSync(output);
    }
  });
}

function startMessage(launch: Launch, error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return `exec: "${launch.command}": executable file not found in $PATH`;
  if (error.code === "EACCES") return `exec: "${launch.command}": permission denied`;
  return `exec: "${launch.command}": ${error.message}`;
}

const adoptedPollMs = 500;

/** A process that an earlier run of ours spawned: nobody tells us of its end, so we look. */
export function adoptProcess(pid: number, startTime: number): ProcessHandle {
  const exited = new Promise<Exit>((done) => {
    const timer = setInterval(() => {
      if (readStat(pid)?.startTime === startTime) return;
      clearInterval(timer);
      done({ code: undefined, signal: undefined });
    }, adoptedPollMs);
    timer.unref();
  });
  return handle(pid, startTime, startedAtOf(startTime), exited);
}

function handle(pid: number, startTime: number, startedAt: number, exited: Promise<Exit>): ProcessHandle {
  return { pid, startTime, startedAt, exited, signal: (name) => signalGroup(pid, startTime, name) };
}

/** Signals a session's group, leader or what the leader left behind, never a process that merely took over the number. */
export function signalGroup(leader: number, startTime: number, name: NodeJS.Signals): void {
  const stat = readStat(leader);
  if (stat !== undefined && stat.startTime !== startTime) return;
  try {
    // A group lives on while any member does, and its number isn't given out meanwhile.
    process.kill(-leader, name);
  } catch {
    // Nobody left.
  }
}

/** Ends single strays; each is named by pid and start time. */
export function killStray(stray: { pid: number; startTime: number }): void {
  if (readStat(stray.pid)?.startTime !== stray.startTime) return;
  try {
    process.kill(stray.pid, "SIGKILL");
  } catch {
    // Ended by itself.
  }
}

/** CPU time used so far by all processes of the given sessions, in ms by session leader. One pass over /proc. */
export function sessionCpu(leaders: ReadonlySet<number>): Map<number, number> {
  const used = new Map<number, number>();
  for (const pid of listPids()) {
    const stat = readStat(pid);
    if (stat !== undefined && leaders.has(stat.session))
      used.set(stat.session, (used.get(stat.session) ?? 0) + stat.cpuTicks * tickMs);
  }
  return used;
}

/** The kernel's USER_HZ, 100 on every Linux that Node runs on. */
const tickMs = 10;

/** Start times count ticks after boot. */
function startedAtOf(startTime: number): number {
  const upMs = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
  return Date.now() - upMs + startTime * tickMs;
}

/** The exit code as shells and Kubernetes tell it: 128 + signal for a killed process. */
export function exitCode(exit: Exit): number {
  if (exit.code !== undefined) return exit.code;
  return exit.signal === undefined ? 137 : 128 + constants.signals[exit.signal];
}
