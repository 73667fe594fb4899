import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { environmentOf, isAlive, ownProcesses, startTimeOf } from "./proc.ts";

test("an environment is read as the kernel shows it", () => {
  expect(environmentOf("A=1\0B=x=y\0junk\0")).toEqual(new Map([["A", "1"], ["B", "x=y"]]));
});

test("a process is found by its fleet and role, until it ends", async () => {
  const fleet = `spec-${process.pid}`;
  const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"], { env: { QUIPU_FLEET: fleet, QUIPU_ROLE: "server" }, stdio: "ignore" });
  await once(child, "spawn");
  let own = ownProcesses(fleet);
  for (let tries = 0; own.length === 0 && tries < 200; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    own = ownProcesses(fleet);
  }
  expect(own).toEqual([{ pid: child.pid, role: "server", startTime: startTimeOf(child.pid as number) }]);
  expect(isAlive(child.pid as number, (own[0] as { startTime: string }).startTime)).toBe(true);
  expect(isAlive(child.pid as number, "1")).toBe(false);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(ownProcesses(fleet)).toEqual([]);
  expect(startTimeOf(child.pid as number)).toBeUndefined();
});
