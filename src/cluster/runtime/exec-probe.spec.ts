import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { execProbe } from "./exec-probe.ts";

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), "quipu-exec-"));
});
afterAll(() => rmSync(cwd, { recursive: true }));
const sh = (script: string, timeoutMs = 5000) =>
  execProbe({ command: ["sh", "-c", script], cwd, env: { PATH: process.env["PATH"] ?? "", A: "one" } }, timeoutMs);

it("is good when the command ends with 0, in the given folder and environment", async () => {
  expect(await sh('test "$A" = one && test "$(pwd)" = "$(realpath .)" && touch here')).toMatchObject({ ok: true });
  expect(existsSync(join(cwd, "here"))).toBe(true);
});
it("tells what a failing command wrote, or how it ended", async () => {
  expect(await sh("echo not yet >&2; exit 3")).toEqual({ ok: false, message: "not yet" });
  expect(await sh("exit 3")).toEqual({ ok: false, message: 'command "sh -c exit 3" ended with 3' });
  expect(await execProbe({ command: ["/no/such"], cwd, env: {} }, 1000)).toMatchObject({
    ok: false,
    message: expect.stringContaining("ENOENT"),
  });
  expect((await sh("yes | head -c 100000; exit 1")).message.length).toBeLessThanOrEqual(1000);
});
it("is ended, with what it started, when it takes too long", async () => {
  expect(await sh("(sleep 1; touch late) & sleep 30", 200)).toMatchObject({
    ok: false,
    message: expect.stringContaining("timed out after 0.2 s"),
  });
  await delay(1500);
  expect(existsSync(join(cwd, "late"))).toBe(false);
});
