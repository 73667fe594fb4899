import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Pod } from "../../src/objects/core.ts";
import { isReady } from "../../src/cluster/controllers/pod-state.ts";
import { envoyPath } from "../../setup/paths.mjs";
import { testCluster, until, workload, writeApp, type TestCluster } from "../e2e/cluster-process.ts";

let cluster: TestCluster;
let base: string;
let app: string;
beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "quipu-crash-"));
  app = writeApp(join(base, "app"));
  // What a pod spawns kills the cluster process itself, once for each arming, some ms after its own first instruction:
  // the spawn is done then, and at 0 ms nothing that follows it.
  for (const [name, command] of [
    ["app", `exec node ${app}/index.mjs`],
    ["envoy", `exec ${envoyPath()} "$@"`],
  ] as const) {
    const path = join(base, `${name}.sh`);
    writeFileSync(
      path,
      `#!/bin/sh\nif mv ${base}/armed-${name} ${base}/fired-${name}.$$ 2>/dev/null; then . ${base}/fired-${name}.$$; sleep $after; kill -9 $victim; fi\n${command}\n`,
    );
    chmodSync(path, 0o755);
  }
  cluster = await testCluster();
  await start();
});
afterAll(async () => {
  await cluster.dispose();
  rmSync(base, { recursive: true, force: true });
});

const start = (): Promise<void> => cluster.start({ QUIPU_ENVOY: join(base, "envoy.sh") });
const arm = (name: "app" | "envoy", after: number): void =>
  writeFileSync(join(base, `armed-${name}`), `victim=${cluster.process().pid}\nafter=${after}\n`);
const pods = (): Promise<Pod[]> => cluster.list<Pod>("Pod", "shop");

/** Every pod has exactly the processes it should have, and there are no others. */
async function expectExact(roles: string[]): Promise<void> {
  const wanted = (await pods()).flatMap((pod) => roles.map((role) => `${role}/uno/${pod.metadata.uid}`)).sort();
  await until(
    "exactly the pods' processes",
    () =>
      JSON.stringify(
        cluster
          .processes()
          .map((process) => process.role)
          .sort(),
      ) === JSON.stringify(wanted),
  ).catch(() => undefined);
  expect(
    cluster
      .processes()
      .map((process) => process.role)
      .sort(),
  ).toEqual(wanted);
}

test.each([0, 0.001, 0.003, 0.01, 0.02, 0.05, 0.2])(
  "killed %d s after spawning an app: it is adopted, not doubled, not orphaned",
  async (after) => {
    await cluster.apply(...workload("web", app, { replicas: 1, container: { command: [join(base, "app.sh")] } }));
    await until("one ready", async () => (await pods()).filter(isReady).length === 1);
    arm("app", after);
    const died = once(cluster.process(), "exit");
    await cluster.apply(...workload("web", app, { replicas: 2, container: { command: [join(base, "app.sh")] } }));
    expect((await died)[1]).toBe("SIGKILL");
    await start();
    await until("two ready", async () => (await pods()).filter(isReady).length === 2);
    await expectExact(["app"]);
    for (const pod of await pods()) {
      const { pid } = JSON.parse(
        (await cluster.raw("GET", `/api/v1/namespaces/shop/pods/${pod.metadata.name}:http/proxy/`)).text,
      ) as { pid: number };
      expect(cluster.processes().find((process) => process.pid === pid)?.role).toBe(`app/uno/${pod.metadata.uid}`);
    }
    await cluster.apply(...workload("web", app, { replicas: 1, container: { command: [join(base, "app.sh")] } }));
    await until("one left", async () => (await pods()).length === 1);
    await expectExact(["app"]);
  },
);

test.each([0, 0.005, 0.05])("killed %d s after spawning a sidecar", async (after) => {
  await cluster.remove("Deployment", "shop", "web");
  await until("none", async () => (await pods()).length === 0);
  arm("envoy", after);
  const died = once(cluster.process(), "exit");
  await cluster.apply(...workload("web", app, { replicas: 1, labels: { "sidecar.istio.io/inject": "true" } }));
  await died;
  await start();
  await until("both run", async () =>
    (await pods())[0]?.status?.containerStatuses?.every((status) => status.state?.running !== undefined),
  );
  await expectExact(["app", "sidecar"]);
});

test.each([0, 30, 400])("killed %d ms after a deletion: nothing of the pod is left", async (after) => {
  await cluster.apply(...workload("web", app, { replicas: 2 }));
  await until(
    "two running",
    async () =>
      (await pods()).filter((pod) => pod.metadata.deletionTimestamp === undefined && pod.status?.phase === "Running")
        .length === 2,
  );
  await cluster.remove("Deployment", "shop", "web");
  await delay(after);
  await cluster.kill("SIGKILL");
  await start();
  await until("none", async () => (await pods()).length === 0);
  await expectExact([]);
});
