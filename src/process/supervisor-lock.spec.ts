import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { claimSupervision, releaseSupervision, runningSupervisor } from "./supervisor-lock.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "quipu-lock-"));
});
afterEach(() => rmSync(home, { recursive: true }));

test("one process holds a home, until it gives it back", () => {
  expect(runningSupervisor(home)).toBeUndefined();
  expect(claimSupervision(home)).toBeUndefined();
  expect(claimSupervision(home)).toBeUndefined();
  expect(runningSupervisor(home)).toBe(process.pid);
  expect(readdirSync(home)).toEqual(["supervisor.lock"]);
  releaseSupervision(home);
  expect(runningSupervisor(home)).toBeUndefined();
  expect(readdirSync(home)).toEqual([]);
});

test("another that lives is told, and its lock isn't released; one that has died counts for nothing", async () => {
  const other = spawn("sleep", ["60"], { stdio: "ignore" });
  await once(other, "spawn");
  expect(claimSupervision(home, other.pid)).toBeUndefined();
  expect(claimSupervision(home)).toBe(other.pid);
  releaseSupervision(home);
  expect(runningSupervisor(home)).toBe(other.pid);
  other.kill("SIGKILL");
  await once(other, "exit");
  expect(runningSupervisor(home)).toBeUndefined();
  expect(claimSupervision(home)).toBeUndefined();
  expect(runningSupervisor(home)).toBe(process.pid);
});
