import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Pod } from "../../src/objects/core.ts";
import { testCluster, until, workload, writeApp, type TestCluster } from "../e2e/cluster-process.ts";
import { kubectl, type Kubectl } from "./kubectl.ts";

/** What an unmodified kubectl tells of pods that really run. */
let cluster: TestCluster;
let home: string;
let run: Kubectl;
const ask = async (path: string): Promise<void> => {
  const [pod] = await cluster.list<Pod>("Pod", "shop");
  await cluster
    .raw("GET", `/api/v1/namespaces/shop/pods/${pod!.metadata.name}:8080/proxy${path}`)
    .catch(() => undefined);
};

beforeAll(async () => {
  cluster = await testCluster();
  home = mkdtempSync(join(tmpdir(), "quipu-kubectl-"));
  run = kubectl(cluster.kubeconfig, home);
  await cluster.start();
});
afterAll(async () => {
  await cluster?.dispose();
  rmSync(home, { recursive: true });
});

test("describe tells in events what happened to a pod, and logs keep the run before apart", async () => {
  await cluster.apply(...workload("web", writeApp(join(cluster.config.home, "web"))));
  const ready = () =>
    until(
      "the pod is ready",
      async () => (await cluster.list<Pod>("Pod", "shop"))[0]?.status?.containerStatuses?.[0]?.ready,
    );
  await ready();
  expect((await run("-n shop logs deploy/web --previous")).stderr).toContain(
    'previous terminated container "web" in pod "web-',
  );
  await ask("/exit");
  await until("it has been started again", async () => {
    const [pod] = await cluster.list<Pod>("Pod", "shop");
    return pod?.status?.containerStatuses?.[0]?.restartCount === 1 && pod.status.containerStatuses[0].ready;
  });
  const [now, before] = [await run("-n shop logs deploy/web"), await run("-n shop logs deploy/web -p --tail=1")];
  expect([now.stdout, before.stdout]).toEqual([
    expect.stringMatching(/^listening \d+\n$/),
    expect.stringMatching(/^listening \d+\n$/),
  ]);
  expect((await run("-n shop logs deploy/web --since=1h")).stderr).toContain("doesn't know when a line was written");
  await ask("/sick");
  const described = await until("the probe's failure is told", async () => {
    const { stdout } = await run("-n shop describe pod -l app=web");
    return stdout.includes("Unhealthy") ? stdout : undefined;
  });
  expect(described).toMatch(/Last State: +Terminated\n +Reason: +Error/);
  expect(described).toMatch(/Normal +Scheduled .*Successfully assigned shop\/web-/);
  expect(described).toMatch(/Normal +Started .*Started container web/);
  expect(described).toMatch(/Warning +Unhealthy .*Readiness probe failed: HTTP probe failed with statuscode: 500/);
});

test("a container that ends at once is in back-off, and describe says so", async () => {
  await cluster.apply(
    ...workload("bad", writeApp(join(cluster.config.home, "bad")), {
      container: { command: ["sh", "-c", "echo no luck; exit 3"], readinessProbe: undefined },
    }),
  );
  const described = await until("back-off", async () => {
    const { stdout } = await run("-n shop describe pod -l app=bad");
    return stdout.includes("BackOff ") ? stdout : undefined;
  });
  expect(described).toMatch(/Reason: +CrashLoopBackOff/);
  expect(described).toMatch(/Warning +BackOff .*back-off 10s restarting failed container=bad/);
  expect((await run("-n shop logs deploy/bad --previous")).stdout).toBe("no luck\n");
});
