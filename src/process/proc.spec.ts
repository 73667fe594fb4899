import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { readStat } from "../cluster/runtime/process-scan.ts";
import { isAlive, ownProcesses, roleOf } from "./proc.ts";

test("a process is found by its fleet, whatever its role, until it ends", async () => {
  const fleet = `spec-${process.pid}`;
  const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"], {
    env: { QUIPU_FLEET: fleet, QUIPU_ROLE: "server" },
    stdio: "ignore",
    detached: true,
  });
  await once(child, "spawn");
  const pid = child.pid as number;
  const startTime = readStat(pid)?.startTime as number;
  await expect.poll(() => ownProcesses(fleet)).toEqual([{ pid, role: "server", startTime, session: pid, spawn: "" }]);
  expect(roleOf(pid)).toBe("server");
  expect(isAlive(pid, startTime)).toBe(true);
  expect(isAlive(pid, startTime - 1)).toBe(false);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(ownProcesses(fleet)).toEqual([]);
  expect(isAlive(pid, startTime)).toBe(false);
  expect(roleOf(pid)).toBeUndefined();
});
