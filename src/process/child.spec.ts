import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Child } from "./child.ts";

let dir: string;
let said: string[];
let child: Child;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "quipu-child-"));
  said = [];
});
afterEach(async () => {
  await child.stop();
  rmSync(dir, { recursive: true });
});

/** A child that runs `script`, and what it said so far. */
function start(script: string): Child {
  child = new Child(
    { role: "server", command: [process.execPath, "-e", script], env: process.env, log: join(dir, "log") },
    (text) => said.push(text),
  );
  child.start();
  return child;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

test("a process that ends is started again", async () => {
  start("process.exit(1)");
  await until(() => said.length >= 2);
  expect(said[0]).toMatch(/server ended with 1 .* started again/);
  expect(child.gaveUp).toBe(false);
});

test("one that says it can't go on is left down, with its last words", async () => {
  start("console.error('the store is damaged'); process.exit(78)");
  await until(() => said.length > 0);
  expect(said[0]).toMatch(/can't go on and is not started again:\nthe store is damaged/);
  expect(child).toMatchObject({ gaveUp: true, running: false });
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(said).toHaveLength(1);
});
