import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseAllDocuments } from "yaml";
import { ApiClient, type Answer } from "../../src/cli/api-client.ts";
import { pluralOf } from "../../src/cli/kind-names.ts";
import { openFleet, runFolder, type FleetFile } from "../../src/process/home.ts";
import { parseClusters } from "../../src/process/cluster-option.ts";
import { isAlive, ownProcesses } from "../../src/process/proc.ts";
import { freePort } from "../../src/process/free-port.ts";
import { KubeClient } from "../../src/kube/kube-client.ts";
import { connectionFromKubeconfig } from "../../src/kube/kubeconfig.ts";
import { tied } from "../testbed/tied.ts";
import { eventually } from "./eventually.ts";

const root = resolve(import.meta.dirname, "../..");

/** A whole fleet in a home of its own, started as a user starts it: `quipu up`. */
export class TestFleet {
  readonly home: string;
  readonly fleet: FleetFile;
  readonly env: Record<string, string>;
  #client: ApiClient | undefined;
  #process: ChildProcess | undefined;
  #replaced: number | undefined;
  output = "";

  private constructor(home: string, fleet: FleetFile, env: Record<string, string>) {
    this.env = env;
    this.home = home;
    this.fleet = fleet;
  }

  /** `env` is added to the environment of `quipu up`. */
  static async start(clusters: string[] = ["bogota=co/co-a"], env: Record<string, string> = {}): Promise<TestFleet> {
    const home = mkdtempSync(join(tmpdir(), "quipu-fleet-"));
    const port = await freePort("127.0.0.1", 17_000 + (process.pid % 500) * 10);
    const fleet = openFleet(home, { clusters: parseClusters(clusters), port });
    const started = new TestFleet(home, fleet, env);
    try {
      await started.up();
    } catch (error) {
      await started.stop();
      throw error;
    }
    return started;
  }

  /** `quipu up`, without waiting. */
  launch(): ChildProcess {
    const words = ["--disable-warning=ExperimentalWarning", join(root, "src/process/quipu.ts"), "up"];
    // A run of the tests that was broken off takes its fleets with it: their addresses are the next run's.
    const child = spawn(...tied(process.execPath, words, "TERM"), {
      env: { ...process.env, ...this.env, QUIPU_HOME: this.home, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    const collect = (chunk: Buffer) => {
      this.output += chunk.toString();
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    return child;
  }

  /** `quipu up` and wait until it says that the clusters are up. */
  async up(): Promise<void> {
    const seen = this.output.length;
    const child = this.launch();
    await eventually(() => {
      if (child.exitCode !== null) throw new Error(`up ended with ${child.exitCode}:\n${this.output}`);
      if (!/Ctrl-C stops all of it/.test(this.output.slice(seen))) throw new Error(`not up yet:\n${this.output}`);
    }, 120_000);
  }

  /** The administrator's way in, as the CLI finds it. */
  get #connection(): { server: string; token: string } {
    return JSON.parse(readFileSync(join(this.home, "client.json"), "utf8")) as { server: string; token: string };
  }

  get token(): string {
    return this.#connection.token;
  }

  get client(): ApiClient {
    return (this.#client ??= new ApiClient(this.#connection));
  }

  get supervisor(): number {
    return this.#process?.pid as number;
  }

  /** Where a cluster's proxies find their mesh. */
  xdsSocket(cluster: string): string {
    return join(runFolder(this.fleet.id), `${cluster}.xds`);
  }

  /**
   * Puts another composition of the server in the real one's place: an entry file of test/harness, with the server's
   * configuration as its argument. It runs under the real one's mark, so that `quipu up` adopts it, and starts the real
   * one again when it has ended (`restoreServer`).
   */
  async replaceServer(entry: string): Promise<void> {
    process.kill(this.supervisor, "SIGKILL");
    const [real] = ownProcesses(this.fleet.id).filter(({ role, pid, session }) => role === "server" && session === pid);
    if (real === undefined) throw new Error("no server runs");
    process.kill(real.pid, "SIGTERM");
    await eventually(() => {
      if (isAlive(real.pid, real.startTime)) throw new Error("the server hasn't ended");
    });
    const log = openSync(join(this.home, "logs", "server.log"), "a");
    const command = ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, entry)];
    const child = spawn(process.execPath, [...command, join(this.home, "server.json")], {
      detached: true,
      stdio: ["ignore", log, log],
      env: { ...process.env, ...this.env, QUIPU_FLEET: this.fleet.id, QUIPU_ROLE: "server" },
    });
    child.unref();
    closeSync(log);
    this.#replaced = child.pid;
    await eventually(() => this.client.get("/readyz"));
    await this.up();
  }

  async restoreServer(): Promise<void> {
    if (this.#replaced === undefined) return;
    const pid = this.#replaced;
    this.#replaced = undefined;
    process.kill(pid, "SIGKILL");
    await eventually(async () => {
      const [server] = ownProcesses(this.fleet.id).filter(({ role }) => role === "server");
      if (server === undefined || server.pid === pid) throw new Error("the real server isn't there yet");
      await this.client.get("/readyz");
    });
  }

  /** What a user's Ctrl-C does. */
  async interrupt(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGINT");
    await ended;
  }

  /** Ctrl-C, and nothing of it is kept. */
  async stop(): Promise<void> {
    await this.interrupt();
    await this.#client?.close();
    rmSync(this.home, { recursive: true, force: true });
  }

  cli(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    return new Promise((done) => {
      const child = spawn(
        process.execPath,
        ["--disable-warning=ExperimentalWarning", join(root, "src/process/quipu.ts"), ...words],
        {
          env: { ...process.env, ...this.env, QUIPU_HOME: this.home, NO_COLOR: "1" },
          stdio: ["ignore", "pipe", "pipe"],
        },
      );
      let stdout = "";
      let stderr = "";
      child.stdout.on("data", (chunk: Buffer) => {
        stdout += chunk.toString();
      });
      child.stderr.on("data", (chunk: Buffer) => {
        stderr += chunk.toString();
      });
      child.on("close", (code) => done({ code: code ?? -1, stdout, stderr }));
    });
  }

  /** Declares every document of the text; what was answered to each. */
  async apply(yaml: string): Promise<Answer<unknown>[]> {
    const answers: Answer<unknown>[] = [];
    for (const document of parseAllDocuments(yaml)) {
      const value = (document as { toJS(): unknown }).toJS() as { kind: string; metadata: { name: string } } | null;
      if (value !== null)
        answers.push(
          await this.client.call("PUT", `/api/v1/${pluralOf(value.kind)}/${value.metadata.name}`, { body: value }),
        );
    }
    return answers;
  }

  kube(cluster = this.fleet.clusters[0]?.name as string): KubeClient {
    return new KubeClient(
      connectionFromKubeconfig(readFileSync(join(this.home, "clusters", cluster, "kubeconfig"), "utf8")),
    );
  }
}
