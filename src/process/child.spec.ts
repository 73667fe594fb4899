import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readStat } from "../cluster/runtime/process-scan.ts";
import { patienceMs } from "../../test/harness/eventually.ts";
import { Child } from "./child.ts";

let folder: string;
let children: Child[];
let said: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quipu-child-"));
  children = [];
  said = [];
});
afterEach(async () => {
  await Promise.all(children.map((child) => child.stop("SIGKILL")));
  rmSync(folder, { recursive: true });
});

const role = `spec/${process.pid}`;
function child(script: string, more: { once?: boolean; log?: string } = {}): Child {
  const made = new Child(
    {
      role,
      command: ["sh", "-c", script],
      env: { ...process.env, QUIPU_ROLE: role },
      log: join(folder, "log"),
      ...more,
    },
    (text) => said.push(text),
  );
  children.push(made);
  return made;
}
const patience = { timeout: patienceMs };

test("what is killed is started again", async () => {
  const one = child("exec sleep 60");
  one.start();
  const first = one.pid as number;
  process.kill(first, "SIGKILL");
  await expect.poll(() => one.running && one.pid !== first, patience).toBe(true);
  expect(said).toEqual([expect.stringMatching(`^${role} was ended by SIGKILL .*started again`)]);
});

test("what ends by itself when its work is done stays so, but not when it was killed or failed", async () => {
  const done = child("exit 0", { once: true });
  done.start();
  await expect.poll(() => done.pid, patience).toBeUndefined();
  expect(said).toEqual([]);
  const killed = child("exec sleep 60", { once: true });
  killed.start();
  const first = killed.pid as number;
  process.kill(first, "SIGKILL");
  await expect.poll(() => killed.running && killed.pid !== first, patience).toBe(true);
  expect(done.running).toBe(false);
});

test("an adopted process isn't doubled, and its end is noticed", async () => {
  const found = spawn("sleep", ["60"], { stdio: "ignore", env: { ...process.env, QUIPU_ROLE: role } });
  await once(found, "spawn");
  const one = child("exec sleep 60");
  one.adopt(found.pid as number, readStat(found.pid as number)?.startTime as number);
  expect([one.running, one.pid]).toEqual([true, found.pid]);
  found.kill("SIGKILL");
  await once(found, "exit");
  await expect.poll(() => one.running && one.pid !== found.pid, patience).toBe(true);
});

test("what turns out to be another process isn't taken for the adopted one", async () => {
  const pod = spawn("sleep", ["60"], { stdio: "ignore", env: { ...process.env, QUIPU_ROLE: "app/uno/u" } });
  await once(pod, "spawn");
  const one = child("exec sleep 60");
  one.adopt(pod.pid as number, readStat(pod.pid as number)?.startTime as number);
  await expect.poll(() => one.running && one.pid !== pod.pid, patience).toBe(true);
  expect(pod.exitCode ?? pod.signalCode).toBeNull();
  pod.kill("SIGKILL");
});

test("a log that can't be opened is told and tried again, and ends nothing else", async () => {
  const log = join(folder, "later", "log");
  const one = child("exec sleep 60", { log });
  one.start();
  expect(one.running).toBe(false);
  expect(said[0]).toContain("can't be started: ENOENT");
  one.spec.log = join(folder, "log");
  await expect.poll(() => one.running, patience).toBe(true);
});

test("what was stopped isn't started again, and what doesn't listen is ended", async () => {
  const deaf = child("trap '' TERM; while true; do sleep 0.1; done");
  deaf.start();
  const pid = deaf.pid as number;
  await deaf.stop("SIGTERM", 300);
  await expect.poll(() => readStat(pid), patience).toBeUndefined();
  deaf.start();
  expect(deaf.running).toBe(false);
  expect(said).toEqual([]);
});
