import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, connect } from "node:net";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeOver } from "./unix-socket.ts";

let folder: string;
const servers: Server[] = [];
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "quipu-socket-"))));
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

/** Listens and says `word` to whoever connects. */
function speak(word: string): (path: string) => Promise<void> {
  return (path) =>
    new Promise((resolve) => {
      const server = createServer((socket) => socket.on("error", () => {}).end(word)).listen(path, () => resolve());
      servers.push(server);
    });
}
function hear(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = "";
    connect(path)
      .on("data", (bytes) => (heard += bytes))
      .on("end", () => resolve(heard))
      .on("error", reject);
  });
}

test("what a killed process left is replaced; only the owner may use the socket", async () => {
  const path = join(folder, "s");
  spawnSync(process.execPath, [
    "-e",
    `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`,
  ]);
  expect(existsSync(path)).toBe(true);
  const release = await takeOver(path, speak("new"));
  expect(await hear(path)).toBe("new");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  release();
  expect(existsSync(path)).toBe(false);
});

test("a living process keeps its socket; another file stays", async () => {
  const path = join(folder, "s");
  await takeOver(path, speak("first"));
  await expect(takeOver(path, speak("second"))).rejects.toMatchObject({ code: "socket/in-use" });
  expect(await hear(path)).toBe("first");
  writeFileSync(join(folder, "file"), "precious");
  await expect(takeOver(join(folder, "file"), speak("x"))).rejects.toMatchObject({ code: "socket/not-a-socket" });
});

test("the one who was replaced doesn't take his successor's socket away", async () => {
  const path = join(folder, "s");
  const release = await takeOver(path, speak("first"));
  await new Promise((resolve) => servers.pop()!.close(resolve));
  await takeOver(path, speak("second"));
  release();
  expect(await hear(path)).toBe("second");
});

test("a path that Linux can't take is refused with its length", async () => {
  await expect(takeOver(join(folder, "x".repeat(110)), speak("x"))).rejects.toMatchObject({ code: "socket/too-long" });
});
