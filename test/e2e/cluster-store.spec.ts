import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { noRestartExitCode } from "../../src/process/exit-codes.ts";
import { testCluster, until, workload, writeApp, type TestCluster } from "./cluster-process.ts";

/** The cluster's own store when it can't be written or read: the process ends for good, its pods go on. */
let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster();
});
afterEach(() => cluster.dispose());

const note = (name: string) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "default" },
  data: { note: "x".repeat(100_000) },
});
const ended = async (): Promise<number | null> => {
  const child = cluster.process();
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode;
};

test("a full disk stops the process with a message, nothing half done; with room again it has everything", async () => {
  await cluster.start({}, "ulimit -f 8000");
  await cluster.apply(...workload("web", writeApp(join(cluster.config.home, "app"))));
  await until("the app runs", () => cluster.processes().some(({ role }) => role.startsWith("app/")));
  let kept = 0;
  for (let n = 0; n < 400; n++) {
    const answer = await cluster
      .raw("POST", "/api/v1/namespaces/default/configmaps", note(`n${n}`))
      .catch(() => undefined);
    if (answer?.status !== 201) {
      if (answer !== undefined)
        expect([answer.status, answer.text]).toEqual([500, expect.stringContaining("Make room")]);
      break;
    }
    kept += 1;
  }
  expect(await ended()).toBe(noRestartExitCode);
  expect(cluster.log()).toContain("Make room on the disk");
  expect(kept).toBeGreaterThan(1);
  expect(statSync(join(cluster.config.home, "cluster.db")).size).toBeLessThanOrEqual(8000 * 1024);
  const running = cluster.processes().filter(({ role }) => role.startsWith("app/"));
  expect(running).toHaveLength(1);
  await cluster.start();
  expect(await cluster.list("ConfigMap", "default")).toHaveLength(kept);
  expect(cluster.processes().filter(({ role }) => role.startsWith("app/"))).toEqual(running);
});

test("a log that was damaged after a kill is noticed at the next start", async () => {
  await cluster.start();
  for (let n = 0; n < 5; n++) await cluster.apply(note(`n${n}`));
  await cluster.kill("SIGKILL");
  const path = join(cluster.config.home, "cluster.db-wal");
  const log = readFileSync(path);
  log[log.indexOf('"n2"') + 2]! ^= 1;
  writeFileSync(path, log);
  await expect(cluster.start()).rejects.toThrow(/ended/);
  expect(await ended()).toBe(noRestartExitCode);
  expect(cluster.log()).toMatch(/is damaged: it was written up to revision \d+ and ends at \d+/);
});
