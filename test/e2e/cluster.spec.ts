import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { join } from "node:path";
import { pack } from "tar-stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Deployment, EndpointSlice, Pod } from "../../src/objects/core.ts";
import { isReady } from "../../src/cluster/controllers/pod-state.ts";
import { testCluster, until, workload, writeApp, type TestCluster } from "./cluster-process.ts";

let cluster: TestCluster;
let apps: string;
let archive: { url: string; digest: string; tokens: Set<string | undefined>; close(): void };

/** An artifact of one file, and a server that gives it whatever digest is asked for. */
async function archiveOf(folder: string): Promise<typeof archive> {
  const tar = pack();
  tar.entry({ name: "index.mjs" }, readFileSync(join(folder, "index.mjs")));
  tar.finalize();
  const bytes = Buffer.concat(await Array.fromAsync(tar as AsyncIterable<Buffer>));
  const tokens = new Set<string | undefined>();
  const server = createServer((request, response) => {
    tokens.add(request.headers.authorization);
    response.end(bytes);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/artifacts`,
    digest: createHash("sha256").update(bytes).digest("hex"),
    tokens,
    close: () => server.close(),
  };
}

beforeAll(async () => {
  apps = mkdtempSync(join(tmpdir(), "quipu-apps-"));
  archive = await archiveOf(writeApp(join(apps, "parcel"), "from an archive"));
  cluster = await testCluster({ artifactsUrl: archive.url });
  await cluster.start();
});
afterAll(async () => {
  await cluster.dispose();
  archive.close();
  rmSync(apps, { recursive: true, force: true });
});

const podsOf = async (app: string): Promise<Pod[]> =>
  (await cluster.list<Pod>("Pod", "shop")).filter((pod) => pod.metadata.labels?.["app"] === app);
const available = (name: string, count: number) =>
  until(`${count} of ${name} available`, async () => {
    const deployment = await cluster.get<Deployment>("Deployment", "shop", name);
    return deployment?.status?.availableReplicas === count &&
      deployment.status.updatedReplicas === count &&
      deployment.status.replicas === count
      ? deployment
      : undefined;
  });
const ask = async (pod: Pod, path = "/"): Promise<{ text: string; pid: number; env: Record<string, string> }> =>
  JSON.parse(
    (await cluster.raw("GET", `/api/v1/namespaces/shop/pods/${pod.metadata.name}:http/proxy${path}`)).text,
  ) as never;

test("a Deployment becomes processes with their addresses, environment and endpoints", async () => {
  await cluster.apply(
    ...workload("web", writeApp(join(apps, "web")), {
      replicas: 2,
      annotations: { "quipu.dev/calls": "web.shop,ledger.money" },
      container: {
        env: [
          { name: "GREETING", value: "hi $(POD_NAME)" },
          { name: "ME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
        ],
      },
    }),
  );
  const deployment = await available("web", 2);
  expect(deployment.status?.conditions?.map(({ type, status, reason }) => [type, status, reason])).toEqual(
    expect.arrayContaining([
      ["Available", "True", "MinimumReplicasAvailable"],
      ["Progressing", "True", "NewReplicaSetAvailable"],
    ]),
  );
  const pods = await podsOf("web");
  const network = cluster.config.network;
  expect(pods.map((pod) => pod.status?.podIP).sort()).toEqual([`${network}.1.1`, `${network}.2.1`]);
  for (const pod of pods) {
    const { env } = await ask(pod);
    const prefix = pod.status?.podIP?.replace(/\.1$/, "");
    expect(env).toMatchObject({
      POD_NAME: pod.metadata.name,
      GREETING: `hi ${pod.metadata.name}`,
      ME: pod.metadata.name,
      POD_IP: pod.status?.podIP,
      WEB_SERVICE_HOST: `${prefix}.2`,
      LEDGER_SERVICE_HOST: `${prefix}.3`,
      QUIPU_FLEET: cluster.config.fleet,
      PORT: env["PORT_HTTP"],
    });
    expect(env).not.toHaveProperty("HTTP_PROXY");
  }
  const slices = (await cluster.list<EndpointSlice>("EndpointSlice", "shop")).filter(
    (slice) => slice.metadata.labels?.["kubernetes.io/service-name"] === "web",
  );
  expect(
    slices
      .flatMap((slice) => slice.endpoints)
      .map((endpoint) => [endpoint.addresses[0], endpoint.conditions?.ready, endpoint.zone])
      .sort(),
  ).toEqual([
    [`${network}.1.1`, true, "co-a"],
    [`${network}.2.1`, true, "co-a"],
  ]);
  expect(slices[0]?.ports).toEqual([{ name: "http", port: 8080, protocol: "TCP" }]);
});

test("output is served as logs, the last lines alone when asked", async () => {
  const [pod] = await podsOf("web");
  const log = await cluster.raw("GET", `/api/v1/namespaces/shop/pods/${pod?.metadata.name}/log?tailLines=1`);
  expect(log.text).toMatch(/^listening \d+\n$/);
});

test("a process that exits is started again, and its end is told", async () => {
  const [pod] = await podsOf("web");
  if (pod === undefined) throw new Error("no pod");
  const before = await ask(pod);
  await cluster.raw("GET", `/api/v1/namespaces/shop/pods/${pod.metadata.name}:http/proxy/exit`);
  const after = await until("restarted and ready", async () => {
    const now = await cluster.get<Pod>("Pod", "shop", pod.metadata.name);
    return now?.status?.containerStatuses?.[0]?.restartCount === 1 && isReady(now) ? now : undefined;
  });
  expect(after.status?.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({
    exitCode: 3,
    reason: "Error",
    message: expect.stringContaining("listening"),
  });
  expect((await ask(pod)).pid).not.toBe(before.pid);
});

test("an artifact is fetched by its digest, and refused when it holds something else", async () => {
  const name = (digest: string): object => ({ container: { image: `quipu.local/parcel@sha256:${digest}` } });
  await cluster.apply(...workload("parcel", "/none", name("0".repeat(64))));
  await until("a reason", async () =>
    (await podsOf("parcel")).find((pod) =>
      pod.status?.containerStatuses?.[0]?.state?.waiting?.message?.includes("has the wrong content"),
    ),
  );
  await cluster.apply(...workload("parcel", "/none", name(archive.digest)));
  await available("parcel", 1);
  const pod = (await podsOf("parcel")).find(isReady);
  expect((await ask(pod!)).text).toBe("from an archive");
  expect(archive.tokens).toEqual(new Set([`Bearer ${readFileSync(cluster.config.artifactsToken, "utf8").trim()}`]));
  await cluster.remove("Deployment", "shop", "parcel");
});

test("a command that doesn't exist says so", async () => {
  await cluster.apply(
    ...workload("typo", writeApp(join(apps, "typo")), { container: { command: ["nod", "index.mjs"] } }),
  );
  const pod = await until("back-off", async () =>
    (await podsOf("typo")).find(
      (candidate) => candidate.status?.containerStatuses?.[0]?.state?.waiting?.reason === "CrashLoopBackOff",
    ),
  );
  expect(pod.status?.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({
    exitCode: 128,
    reason: "StartError",
    message: 'exec: "nod": executable file not found in $PATH',
  });
  await cluster.remove("Deployment", "shop", "typo");
  await until("its pod is gone", async () => (await podsOf("typo")).length === 0);
});

test("a port that nothing listens on keeps the pod unready and says why", async () => {
  await cluster.apply(
    ...workload("deaf", writeApp(join(apps, "deaf")), {
      container: { readinessProbe: { tcpSocket: { port: 9999 }, periodSeconds: 1 } },
    }),
  );
  const pod = await until("unready with a reason", async () =>
    (await podsOf("deaf")).find((candidate) =>
      candidate.status?.conditions?.some(
        (condition) =>
          condition.type === "Ready" && condition.status === "False" && condition.message?.includes("ECONNREFUSED"),
      ),
    ),
  );
  expect(pod.status?.phase).toBe("Running");
  await cluster.remove("Deployment", "shop", "deaf");
  await until("its pod is gone", async () => (await podsOf("deaf")).length === 0);
});

test("liveness failure restarts the process", async () => {
  await cluster.apply(
    ...workload("frail", writeApp(join(apps, "frail")), {
      container: { livenessProbe: { httpGet: { path: "/health", port: 8080 }, periodSeconds: 1, failureThreshold: 2 } },
    }),
  );
  await available("frail", 1);
  const [pod] = await podsOf("frail");
  if (pod === undefined) throw new Error("no pod");
  await ask(pod, "/sick");
  await until(
    "restarted by its probe",
    async () =>
      (await cluster.get<Pod>("Pod", "shop", pod.metadata.name))?.status?.containerStatuses?.[0]?.lastState?.terminated
        ?.reason === "LivenessProbeFailed",
  );
  await cluster.remove("Deployment", "shop", "frail");
});

test("a new template rolls over without going below what was wished", async () => {
  const folder = writeApp(join(apps, "web2"), "second");
  const lowest: number[] = [];
  await cluster.apply(...workload("web", folder, { replicas: 2 }));
  await until("rolled", async () => {
    const deployment = await cluster.get<Deployment>("Deployment", "shop", "web");
    lowest.push(deployment?.status?.availableReplicas ?? 0);
    return (
      deployment?.status?.observedGeneration === deployment?.metadata.generation &&
      deployment?.status?.updatedReplicas === 2 &&
      deployment.status.replicas === 2 &&
      deployment.status.availableReplicas === 2
    );
  });
  expect(Math.min(...lowest)).toBe(2);
  const pods = await until("old pods gone", async () => {
    const all = await podsOf("web");
    return all.length === 2 ? all : undefined;
  });
  for (const pod of pods) expect((await ask(pod)).text).toBe("second");
  expect(cluster.processes().filter((process) => process.session === process.pid)).toHaveLength(2);
});

test("kill -9 of the cluster process: apps go on, and are adopted, not doubled", async () => {
  const before = cluster
    .processes()
    .map((process) => process.pid)
    .sort();
  const versions = async (): Promise<unknown> =>
    (await cluster.list<EndpointSlice>("EndpointSlice", "shop")).map(({ metadata }) => [
      metadata.name,
      metadata.resourceVersion,
    ]);
  const slices = await versions();
  await cluster.kill("SIGKILL");
  expect(
    cluster
      .processes()
      .map((process) => process.pid)
      .sort(),
  ).toEqual(before);
  await cluster.start();
  await until("adopted and ready", async () => (await podsOf("web")).filter(isReady).length === 2);
  await delay(1500);
  // Nobody was taken out of service meanwhile.
  expect(await versions()).toEqual(slices);
  expect(
    cluster
      .processes()
      .map((process) => process.pid)
      .sort(),
  ).toEqual(before);
  for (const pod of await podsOf("web")) expect(pod.status?.containerStatuses?.[0]?.restartCount).toBe(0);
  // An adopted process that dies is noticed, too.
  const [pod] = await podsOf("web");
  if (pod === undefined) throw new Error("no pod");
  process.kill((await ask(pod)).pid, "SIGKILL");
  await until(
    "restarted",
    async () =>
      (await cluster.get<Pod>("Pod", "shop", pod.metadata.name))?.status?.containerStatuses?.[0]?.restartCount === 1,
  );
});

test("SIGTERM ends the API and leaves the pods", async () => {
  const before = cluster
    .processes()
    .map((process) => process.pid)
    .sort();
  await cluster.kill("SIGTERM");
  expect([
    cluster.process().exitCode,
    cluster
      .processes()
      .map((process) => process.pid)
      .sort(),
  ]).toEqual([0, before]);
  await cluster.start();
  await until("adopted", async () => (await podsOf("web")).filter(isReady).length === 2);
  expect(
    cluster
      .processes()
      .map((process) => process.pid)
      .sort(),
  ).toEqual(before);
});

test("a deleted pod leaves the endpoints at once, serves through its drain, and then ends", async () => {
  await cluster.apply(
    ...workload("drained", writeApp(join(apps, "drained")), {
      container: { lifecycle: { preStop: { sleep: { seconds: 2 } } } },
      pod: { terminationGracePeriodSeconds: 10 },
    }),
  );
  await available("drained", 1);
  const [pod] = await podsOf("drained");
  const { pid } = await ask(pod!);
  await cluster.remove("Deployment", "shop", "drained");
  const endpoint = await until("terminating", async () =>
    (await cluster.list<EndpointSlice>("EndpointSlice", "shop"))
      .flatMap((slice) => slice.endpoints)
      .find((candidate) => candidate.targetRef?.uid === pod?.metadata.uid && candidate.conditions?.terminating),
  );
  expect(endpoint.conditions).toEqual({ ready: false, serving: true, terminating: true });
  expect((await ask(pod!)).pid).toBe(pid);
  await until("gone", async () => (await podsOf("drained")).length === 0);
  expect(cluster.processes().some((process) => process.pid === pid)).toBe(false);
});

test("a shutdown that stops pods leaves no process, and the next start brings them back", async () => {
  expect((await cluster.raw("POST", "/quipu/shutdown?pods=stop")).status).toBe(200);
  expect(cluster.processes()).toEqual([]);
  await until("the process has ended", () => cluster.process().exitCode === 0);
  await cluster.start();
  await until("back", async () => (await podsOf("web")).filter(isReady).length === 2);
});
