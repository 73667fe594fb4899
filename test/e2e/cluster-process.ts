import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Agent, request } from "undici";
import { resourcePath, kinds, type KindName } from "../../src/objects/kinds.ts";
import type { KubeObject } from "../../src/objects/meta.ts";
import { scanProcesses } from "../../src/cluster/runtime/process-scan.ts";
import type { ClusterConfig } from "../../src/process/cluster-config.ts";
import { clusterFolder } from "../../src/process/configs.ts";
import { checkout, openFleet, runFolder } from "../../src/process/home.ts";
import { prepare } from "../../src/process/prepare.ts";
import { patienceMs } from "../harness/eventually.ts";

/** A cluster process of its own home and fleet, with a client. */
export interface TestCluster {
  readonly config: ClusterConfig;
  readonly kubeconfig: string;
  readonly process: () => ChildProcess;
  /** `limit`: what a shell does first, such as `ulimit -f 4000`. */
  start(env?: Record<string, string>, limit?: string): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<void>;
  apply(...objects: object[]): Promise<void>;
  get<T = KubeObject>(kind: KindName, namespace: string, name: string): Promise<T | undefined>;
  list<T = KubeObject>(kind: KindName, namespace: string): Promise<T[]>;
  remove(kind: KindName, namespace: string, name: string): Promise<void>;
  raw(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }>;
  /** Processes of the pods, app and sidecar. */
  processes(): { pid: number; role: string; session: number }[];
  log(): string;
  /** Stops pods and process, removes the home. */
  dispose(): Promise<void>;
}

export async function testCluster(change: Partial<ClusterConfig> = {}): Promise<TestCluster> {
  const base = mkdtempSync(join(tmpdir(), "quipu-cluster-"));
  const home = join(base, "home");
  mkdirSync(home);
  const fleet = openFleet(home, { clusters: [{ name: "uno", region: "co", zone: "co-a", labels: {}, index: 1 }] });
  await prepare(home, fleet, Date.now());
  const folder = clusterFolder(home, "uno");
  const path = join(folder, "cluster.json");
  const config: ClusterConfig = {
    ...(JSON.parse(readFileSync(path, "utf8")) as ClusterConfig),
    localImages: true,
    ...change,
  };
  writeFileSync(path, JSON.stringify(config));
  const agent = new Agent({ connect: { ca: readFileSync(config.tls.ca) } });
  const origin = `https://${config.network}.0.1:${config.apiPort}`;
  const token = readFileSync(config.adminToken, "utf8").trim();
  const logPath = join(base, "cluster.log");
  let child: ChildProcess | undefined;

  const raw: TestCluster["raw"] = async (method, url, body) => {
    const response = await request(`${origin}${url}`, {
      method: method as "GET",
      dispatcher: agent,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && {
          "content-type": method === "PATCH" ? "application/apply-patch+yaml" : "application/json",
        }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.statusCode, text: await response.body.text() };
  };
  const cluster: TestCluster = {
    config,
    kubeconfig: join(folder, "kubeconfig"),
    process: () => child!,
    async start(env = {}, limit = ":") {
      const log = openSync(logPath, "a");
      const command = [
        process.execPath,
        "--disable-warning=ExperimentalWarning",
        join(checkout, "src/process/main.ts"),
      ];
      child = spawn("/bin/sh", ["-c", `${limit}; exec "$@"`, "sh", ...command, "cluster", path], {
        env: { ...process.env, ...env, QUIPU_FLEET: fleet.id, QUIPU_ROLE: "cluster/uno" },
        stdio: ["ignore", log, log],
      });
      closeSync(log);
      await until("the API answers", async () => {
        if (child?.exitCode !== null) throw new Error(`the cluster process ended:\n${cluster.log()}`);
        return (await raw("GET", "/readyz").catch(() => undefined))?.status === 200;
      });
    },
    async kill(signal) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      await once(child, "exit");
    },
    async apply(...objects) {
      for (const object of objects as KubeObject[]) {
        const answer = await raw(
          "PATCH",
          `${resourcePath(kinds[object.kind as KindName], object.metadata.namespace, object.metadata.name)}?fieldManager=test&force=true`,
          object,
        );
        if (answer.status >= 300) throw new Error(answer.text);
      }
    },
    async get(kind, namespace, name) {
      const answer = await raw("GET", resourcePath(kinds[kind], namespace, name));
      return answer.status === 404 ? undefined : (JSON.parse(answer.text) as never);
    },
    async list(kind, namespace) {
      return (JSON.parse((await raw("GET", resourcePath(kinds[kind], namespace))).text) as { items: never[] }).items;
    },
    async remove(kind, namespace, name) {
      await raw("DELETE", resourcePath(kinds[kind], namespace, name));
    },
    raw,
    processes: () => scanProcesses(fleet.id, ["app/", "sidecar/"]),
    log: () => readFileSync(logPath, "utf8"),
    async dispose() {
      if (child !== undefined && child.exitCode === null && child.signalCode === null) {
        await raw("POST", "/quipu/shutdown?pods=stop").catch(() => undefined);
        await Promise.race([once(child, "exit"), delay(5000)]);
        await cluster.kill("SIGKILL");
      }
      for (const { pid } of cluster.processes())
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          /* ended */
        }
      await agent.close();
      rmSync(base, { recursive: true, force: true });
      rmSync(runFolder(fleet.id), { recursive: true, force: true });
      rmSync(join(dirname(runFolder(fleet.id)), "blocks", String(fleet.block)), { force: true });
    },
  };
  return cluster;
}

/** Waits until `check` gives something true, and says what was waited for when it never does. */
export async function until<T>(
  what: string,
  check: () => Promise<T> | T,
  timeoutMs = patienceMs,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    last = await check();
    if (last) return last as NonNullable<T>;
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`);
    await delay(50);
  }
}

/** A small HTTP app in a folder of its own: answers with its environment, its pid and a text; `/exit` ends it, `/sick` makes it fail its probe. */
export function writeApp(folder: string, text = "hello"): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, "index.mjs"),
    `
import { createServer } from "node:http";
let sick = false;
console.log("listening", process.env.PORT);
createServer((request, response) => {
  if (request.url === "/exit") process.exit(3);
  if (request.url === "/sick") sick = true;
  if (request.url === "/health" && sick) { response.statusCode = 500; }
  response.end(JSON.stringify({ text: ${JSON.stringify(text)}, pid: process.pid, env: process.env }));
}).listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => { console.log("bye"); process.exit(0); });
`,
  );
  return folder;
}

/** A Deployment and Service of the app in `folder`, in the namespace `shop`. */
export function workload(
  name: string,
  folder: string,
  options: {
    replicas?: number;
    annotations?: Record<string, string>;
    container?: object;
    spec?: object;
    pod?: object;
    labels?: Record<string, string>;
  } = {},
): object[] {
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: "shop" } },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name, namespace: "shop", ...(options.annotations && { annotations: options.annotations }) },
      spec: {
        replicas: options.replicas ?? 1,
        selector: { matchLabels: { app: name } },
        ...options.spec,
        template: {
          metadata: { labels: { app: name, ...options.labels } },
          spec: {
            serviceAccountName: name,
            terminationGracePeriodSeconds: 2,
            ...options.pod,
            containers: [
              {
                name,
                image: `file:${folder}`,
                command: ["node", "index.mjs"],
                ports: [{ name: "http", containerPort: 8080 }],
                readinessProbe: { httpGet: { path: "/health", port: "http" }, periodSeconds: 1 },
                ...options.container,
              },
            ],
          },
        },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace: "shop" },
      spec: { selector: { app: name }, ports: [{ name: "http", port: 80, targetPort: "http" }] },
    },
  ];
}
