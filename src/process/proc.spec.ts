import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { readStat } from "../cluster/runtime/process-scan.ts";
import { environmentOf, isAlive, ownProcesses, roleOf } from "./proc.ts";

test("an environment is read as the kernel shows it", () => {
  expect(environmentOf("A=1\0B=x=y\0junk\0")).toEqual(
    new Map([
      ["A", "1"],
      ["B", "x=y"],
    ]),
  );
});

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
