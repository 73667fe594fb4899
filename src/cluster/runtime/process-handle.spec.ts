import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import {
  adoptProcess,
  exitCode,
  sessionCpu,
  signalGroup,
  spawnDetached,
  type Launch,
  type ProcessHandle,
} from "./process-handle.ts";
import { readStat } from "./process-scan.ts";

let folder: string;
let started: ProcessHandle[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quipu-process-"));
  started = [];
});
afterEach(() => {
  for (const process of started) process.signal("SIGKILL");
  rmSync(folder, { recursive: true });
});
const launch = async (script: string, change: Partial<Launch> = {}): Promise<ProcessHandle> => {
  const process = await spawnDetached({
    command: "sh",
    args: ["-c", script],
    cwd: folder,
    env: { PATH: globalThis.process.env["PATH"] ?? "" },
    output: join(folder, "out"),
    ...change,
  });
  started.push(process);
  return process;
};

it("appends both streams to the file and tells the exit code", async () => {
  expect(exitCode(await (await launch("echo one; echo two >&2; exit 7")).exited)).toBe(7);
  await (
    await launch("echo three")
  ).exited;
  expect(readFileSync(join(folder, "out"), "utf8")).toBe("one\ntwo\nthree\n");
});

it("leads a session of its own, and a signal reaches its children", async () => {
  const parent = await launch("sleep 60 & echo $! > child; wait");
  expect(readStat(parent.pid)).toMatchObject({ session: parent.pid, startTime: parent.startTime });
  while (readStat(Number(readChild())) === undefined) await delay(10);
  const child = Number(readChild());
  parent.signal("SIGKILL");
  expect(exitCode(await parent.exited)).toBe(137);
  while (readStat(child) !== undefined) await delay(10);
});
const readChild = (): string => {
  try {
    return readFileSync(join(folder, "child"), "utf8");
  } catch {
    return "0";
  }
};

it("an adopted process is noticed when it ends, its code unknown", async () => {
  const own = await launch("sleep 60");
  const adopted = adoptProcess(own.pid, own.startTime);
  expect(Math.abs(adopted.startedAt - own.startedAt)).toBeLessThan(2000);
  own.signal("SIGKILL");
  expect(await adopted.exited).toEqual({ code: undefined, signal: undefined });
});

it("never signals a process that merely has the number", async () => {
  const own = await launch("sleep 60");
  signalGroup(own.pid, own.startTime - 1, "SIGKILL");
  await delay(50);
  expect(readStat(own.pid)?.startTime).toBe(own.startTime);
});

it.each([
  ["nod", "executable file not found in $PATH"],
  ["/etc/passwd", "permission denied"],
])("says that %s can't be started", async (command, message) => {
  await expect(launch("", { command })).rejects.toMatchObject({
    reason: "StartError",
    message: `exec: "${command}": ${message}`,
  });
});

it("adds up the CPU time of a whole session", async () => {
  const busy = await launch("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; sleep 60");
  while ((sessionCpu(new Set([busy.pid])).get(busy.pid) ?? 0) < 50) await delay(20);
  expect([...sessionCpu(new Set([busy.pid])).keys()]).toEqual([busy.pid]);
});
