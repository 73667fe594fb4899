import { existsSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { ownProcesses } from "../../src/process/proc.ts";
import { runFolder } from "../../src/process/home.ts";
import { TestFleet } from "../harness/fleet.ts";

let fleet: TestFleet | undefined;
afterEach(async () => {
  await fleet?.stop();
});

test("`down` and Ctrl-C leave no process and no sockets; the state stays, and the next start serves it", async () => {
  fleet = await TestFleet.start();
  const folder = runFolder(fleet.fleet.id);
  await fleet.client.call("PUT", "/api/v1/teams/a", {
    body: { apiVersion: "quipu.dev/v1", kind: "Team", metadata: { name: "a" }, spec: {} },
  });
  expect(existsSync(folder)).toBe(true);
  expect(await fleet.cli("down")).toMatchObject({ code: 0, stderr: expect.stringContaining("the fleet is stopped") });
  expect([existsSync(folder), ownProcesses(fleet.fleet.id)]).toEqual([false, []]);
  await fleet.up();
  expect(await fleet.client.get("/api/v1/teams/a")).toMatchObject({ metadata: { name: "a" } });
  await fleet.interrupt();
  expect([existsSync(folder), ownProcesses(fleet.fleet.id)]).toEqual([false, []]);
  // Nothing runs: what a crash of all left goes all the same.
  expect((await fleet.cli("down")).code).toBe(0);
});
