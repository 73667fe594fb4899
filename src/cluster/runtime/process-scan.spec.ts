import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { parseStat, readStat, readVariable, scanProcesses } from "./process-scan.ts";

describe("reading /proc", () => {
  it("counts fields from the last parenthesis", () => {
    const stat = parseStat("42 (a b) c) S 7 40 41 0 -1 4194560 1 2 3 4 11 22 0 0 20 0 1 0 98765 1000 10");
    expect(stat).toEqual({ state: "S", parent: 7, session: 41, cpuTicks: 33, startTime: 98765 });
  });
  it("finds a variable only by its whole name", () => {
    const environ = "XQUIPU_ROLE=no\0QUIPU_ROLE=app/uno/1\0Z=\0";
    expect(readVariable(environ, "QUIPU_ROLE")).toBe("app/uno/1");
    expect(readVariable(environ, "Z")).toBe("");
    expect(readVariable(environ, "ROLE")).toBeUndefined();
    expect(readVariable("A=1", "A")).toBe("1");
  });
  it("finds processes by fleet and role, and not after their end", async () => {
    const fleet = `scan-${process.pid}`;
    const child = spawn("sleep", ["30"], {
      detached: true,
      env: { PATH: process.env["PATH"], QUIPU_FLEET: fleet, QUIPU_ROLE: "app/uno/u1", QUIPU_SPAWN: "s" },
    });
    await once(child, "spawn");
    expect(scanProcesses(fleet, ["app/uno/"])).toEqual([
      {
        pid: child.pid,
        startTime: readStat(child.pid ?? 0)?.startTime,
        session: child.pid,
        role: "app/uno/u1",
        spawn: "s",
      },
    ]);
    expect(scanProcesses(fleet, ["sidecar/"])).toEqual([]);
    expect(scanProcesses("other", ["app/"])).toEqual([]);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(scanProcesses(fleet, ["app/"])).toEqual([]);
  });
});
