/** A process that belongs to a real cluster's mesh without a pod: a WorkloadEntry, and a real Envoy that istiod tells everything. */
import { setTimeout as delay } from "node:timers/promises";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { join } from "node:path";
import { root } from "../../../setup/paths.mjs";
import type { KubeClient } from "../../../src/kube/kube-client.ts";
import type { Pod } from "../../../src/objects/core.ts";
import type { WorkloadEntry } from "../../../src/objects/istio.ts";
import type { Intermediate } from "../../../src/trust/intermediate.ts";
import { freePorts, type RunningEnvoy } from "../../e2e/support/envoy.ts";
import { eventually } from "../../harness/eventually.ts";
import type { Credentials } from "../../harness/identity.ts";
import { libraries } from "../../harness/in-app.ts";
import { startSdsServer } from "../../harness/sds-server.ts";
import { reply, sumOfStats, type Reply } from "../../harness/traffic.ts";
import { tied } from "../../testbed/tied.ts";
import { captureFilter, capturedConnection, capturedPort, processLabel, type Captured } from "./capture.ts";
import { startProxy } from "./mesh-pods.ts";
import type { RulesInForce } from "./rules-in-force.ts";

export interface Surroundings {
  kube: KubeClient;
  rules: RulesInForce;
  /** `host:port` of discovery, in plain text. */
  istiod: string;
  authority: Intermediate;
  rootPem: string;
  /** For sockets and bootstraps; a short path. */
  folder: string;
}

export interface WorkloadOptions {
  name: string;
  app: string;
  namespace: string;
  ip: string;
  revision?: string;
  /** A folder of test/fixtures, started with a port for each that is declared: name → port. */
  fixture?: "probe" | "grpc";
  ports?: Readonly<Record<string, number>>;
}

export interface Place {
  /** `127.0.0.1:PORT`. */
  address: string;
  /** What its client calls it. */
  authority: string;
}

export class Workload {
  readonly captured: Captured;
  readonly envoy: RunningEnvoy;
  readonly credentials: Credentials;
  readonly #app: string;
  readonly #rules: RulesInForce;
  readonly #closers: (() => unknown)[];

  private constructor(app: string, captured: Captured, rules: RulesInForce, started: Started) {
    this.#app = app;
    this.captured = captured;
    this.#rules = rules;
    this.envoy = started.envoy;
    this.credentials = started.credentials;
    this.#closers = started.closers;
  }

  static async start(around: Surroundings, options: WorkloadOptions): Promise<Workload> {
    const { name, app, namespace, ip, fixture = "probe", ports = { http: 8080 } } = options;
    const own = await freePorts(Object.keys(ports).length);
    const appPorts = Object.fromEntries(Object.values(ports).map((port, at) => [port, own[at]!]));
    const captured = { name, namespace, ip, appPorts, socket: join(around.folder, `${name}.out`) };
    const closers: (() => unknown)[] = [];
    try {
      const [first = 0] = own;
      const env = Object.fromEntries(
        Object.entries(ports).map(([port], at) => [`PORT_${port.toUpperCase()}`, String(own[at])]),
      );
      closers.push(
        await startApp(fixture, { PORT: String(first), ...env, POD_NAME: name, VERSION: options.revision ?? "r1" }),
      );
      const labels = {
        ...{ app, "quipu.dev/revision": options.revision ?? "r1", "security.istio.io/tlsMode": "istio" },
        [processLabel]: name,
      };
      await around.kube.apply(captureFilter(captured), { fieldManager: "test", force: true });
      const entry: WorkloadEntry = {
        ...{ apiVersion: "networking.istio.io/v1", kind: "WorkloadEntry", metadata: { name, namespace } },
        spec: { address: ip, labels, serviceAccount: app },
      };
      await around.kube.apply(entry, { fieldManager: "test", force: true });
      const { folder } = around;
      const spiffeId = `spiffe://${around.authority.trustDomain}/ns/${namespace}/sa/${app}`;
      const leaf = await around.authority.issueWorkload({ spiffeId, now: Date.now() });
      const sdsSocket = join(folder, `${name}.sds`);
      const sds = await startSdsServer(sdsSocket, { ...leaf, rootPem: around.rootPem });
      closers.push(() => sds.close());
      const envoy = await startProxy({ name, namespace, app, ip, labels }, { mesh: around.istiod, sdsSocket, folder });
      closers.push(() => envoy.stop());
      await eventually(async () => {
        const state = await envoy.admin("/ready");
        if (!state.startsWith("LIVE")) throw new Error(`the Envoy of ${name} is ${state}: ${envoy.log()}`);
      });
      const credentials = { cert: leaf.certChainPem, key: leaf.keyPem, ca: around.rootPem };
      return new Workload(app, captured, around.rules, { envoy, credentials, closers });
    } catch (error) {
      for (const close of closers.toReversed()) await close();
      throw error;
    }
  }

  /** As who it is found by those who call its sidecar from outside. */
  get pod(): Pod {
    const { name, namespace, ip } = this.captured;
    const metadata = { name, namespace, labels: { app: this.#app } };
    return { apiVersion: "v1", kind: "Pod", metadata, status: { podIP: ip } };
  }

  /** What its app sends to `app.namespace`, at a port of the Service. */
  async connect(host: string, port: number): Promise<Socket> {
    return capturedConnection(this.captured, await this.#rules.addressOf(host), port);
  }

  /** Where a port of `app.namespace` is found, for clients that connect by themselves. */
  async port(host: string, port: number): Promise<Place> {
    const { address, close } = await capturedPort(this.captured, await this.#rules.addressOf(host), port);
    this.#closers.push(close);
    return { address, authority: `${host}:${port}` };
  }

  /** One request of its app. Rejects when the connection is closed without an answer. */
  async call(
    url: string,
    { method = "GET", headers = {} }: { method?: string; headers?: Record<string, string> } = {},
  ): Promise<Reply> {
    const { hostname, host, port, pathname, search } = new URL(url);
    const connection = await this.connect(hostname, Number(port || 80));
    // Only without an agent Node asks for the connection.
    return reply({
      agent: undefined,
      createConnection: () => connection,
      method,
      path: pathname + search,
      headers: { host, ...headers },
    });
  }

  /** One request to its app itself, past all sidecars. */
  ask(path: string): Promise<Reply> {
    return reply({ host: "127.0.0.1", port: this.captured.appPorts["8080"]!, path });
  }

  /** Waits until its Envoy has something like this in service: anywhere, or in the cluster whose name begins so. */
  async has(pattern: RegExp, cluster?: string): Promise<void> {
    await eventually(async () => {
      if (!pattern.test(inService(await this.envoy.admin("/config_dump"), cluster)))
        throw new Error(`${this.captured.name} has no ${pattern} in ${cluster ?? "anything"}; ${this.envoy.log()}`);
    });
    // Its main thread says so; the one that serves hears of it a moment later.
    await delay(250);
  }

  /** The sum of its Envoy's counters whose names match. */
  async stat(name: RegExp): Promise<number> {
    return sumOfStats(await this.envoy.admin("/stats"), name);
  }

  async stop(): Promise<void> {
    for (const close of this.#closers.toReversed()) await close();
  }
}

interface Started {
  envoy: RunningEnvoy;
  credentials: Credentials;
  closers: (() => unknown)[];
}

/** What of a page of all configuration is in service, of a cluster or all in all; nothing that still warms up or drains. */
function inService(page: string, cluster?: string): string {
  const { configs } = JSON.parse(page) as { configs: { dynamic_active_clusters?: { cluster: { name: string } }[] }[] };
  const clusters = configs.flatMap(({ dynamic_active_clusters: active = [] }) => active);
  const shown = cluster === undefined ? configs : clusters.filter((one) => one.cluster.name.startsWith(cluster));
  const waiting = new Set(["warming_state", "draining_state", "error_state", "dynamic_warming_clusters"]);
  return JSON.stringify(shown, (key, value: unknown) => (waiting.has(key) ? undefined : value), 1);
}

/** Returns how to end it. */
async function startApp(fixture: string, env: Record<string, string>): Promise<() => Promise<void>> {
  const child = spawn(...tied(process.execPath, [join(root, "test/fixtures", fixture, "index.mjs")]), {
    env: { PATH: process.env["PATH"], ...libraries, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = once(child, "exit");
  // Each of them says a line when it listens.
  await Promise.race([once(child.stdout, "data"), exit.then(() => Promise.reject(new Error(`${fixture} ended`)))]);
  return async () => {
    child.kill("SIGKILL");
    await exit;
  };
}
