import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Pod } from "../../src/objects/core.ts";
import { testCluster, until, workload, writeApp, type TestCluster } from "./cluster-process.ts";

/** Startup and exec probes of pods that really run. */
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await testCluster();
  await cluster.start();
});
afterAll(() => cluster.dispose());

const container = async (app: string) => {
  const pods = await cluster.list<Pod>("Pod", "shop");
  const pod = pods.find(({ metadata }) => metadata.labels?.["app"] === app);
  const status = pod?.status?.containerStatuses?.[0];
  const condition = pod?.status?.conditions?.find(({ type }) => type === "Ready");
  return { ...status, message: condition?.message };
};

test("a startup probe gates readiness; an exec probe runs in the app's folder with its environment", async () => {
  const folder = writeApp(join(cluster.config.home, "slow"));
  const exec = { exec: { command: ["sh", "-c", 'test -n "$PORT" && test -e started || { echo not yet; exit 1; }'] } };
  await cluster.apply(
    ...workload("slow", folder, {
      container: {
        startupProbe: { ...exec, periodSeconds: 1, failureThreshold: 100 },
        readinessProbe: { exec: { command: ["test", "-e", "ready"] }, periodSeconds: 1 },
      },
    }),
  );
  const waiting = await until("the probe's complaint", async () => {
    const found = await container("slow");
    return found.message?.includes("Startup probe failed: not yet") ? found : undefined;
  });
  expect(waiting).toMatchObject({ started: false, ready: false, restartCount: 0 });
  writeFileSync(join(folder, "ready"), "");
  writeFileSync(join(folder, "started"), "");
  await until("ready", async () => (await container("slow")).ready);
  expect(await container("slow")).toMatchObject({ started: true, ready: true, restartCount: 0 });
  rmSync(join(folder, "started"));
  rmSync(join(folder, "ready"));
  await until("not ready", async () => (await container("slow")).ready === false);
  // The startup probe has had its say.
  expect(await container("slow")).toMatchObject({ started: true, restartCount: 0 });
});

test("a run whose startup probe never succeeds is ended, and begun again", async () => {
  await cluster.apply(
    ...workload("never", writeApp(join(cluster.config.home, "never")), {
      container: { startupProbe: { exec: { command: ["false"] }, periodSeconds: 1, failureThreshold: 2 } },
    }),
  );
  const ended = await until("a restart", async () => {
    const found = await container("never");
    return found.restartCount ? found : undefined;
  });
  expect(ended.lastState).toMatchObject({ terminated: { reason: "StartupProbeFailed" } });
});
