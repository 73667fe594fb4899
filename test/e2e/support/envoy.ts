import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { envoyPath } from "../../../setup/paths.mjs";
import { bootstrap, envoyArguments } from "../../../src/cluster/sidecar/bootstrap.ts";
import type { BootstrapOptions } from "../../../src/cluster/sidecar/bootstrap.ts";
import { patienceMs } from "../../harness/eventually.ts";
import { tied } from "../../testbed/tied.ts";

export interface RunningEnvoy {
  /** A page of its admin interface. */
  admin(path: string): Promise<string>;
  /** The value of one counter or gauge; 0 when it doesn't exist. */
  stat(name: string): Promise<number>;
  stop(): Promise<void>;
  log(): string;
}

/** A real Envoy with the bootstrap of a pod. `folder` holds its file and its admin socket. */
export async function startEnvoy(
  folder: string,
  options: Omit<BootstrapOptions, "adminSocket">,
): Promise<RunningEnvoy> {
  return runEnvoy(folder, options.pod, bootstrap({ ...options, adminSocket: adminSocketOf(folder, options.pod) }));
}

/** Where `runEnvoy` looks for the admin interface. */
export const adminSocketOf = (folder: string, name: string): string => join(folder, `${name}.admin`);

/** A real Envoy with any bootstrap whose admin interface is at `adminSocketOf(folder, name)`. */
export async function runEnvoy(folder: string, name: string, config: object): Promise<RunningEnvoy> {
  const adminSocket = adminSocketOf(folder, name);
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  const child = spawn(...tied(envoyPath(), envoyArguments(file)), { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.on("data", (chunk) => (log += chunk));
  const exited = once(child, "exit");
  const admin = (path: string) => get({ socketPath: adminSocket, path }).then(({ body }) => body);
  await until(`Envoy of ${name} answers`, async () => {
    if (child.exitCode !== null) throw new Error(`Envoy ended: ${log}`);
    return (await admin("/server_info").catch(() => "")) !== "";
  });
  return {
    admin,
    async stat(name) {
      const line = (await admin(`/stats?filter=^${name.replaceAll(/[.|]/g, "\\$&").replaceAll("|", "%7C")}$`)).trim();
      return Number(line.split(": ")[1] ?? 0);
    },
    async stop() {
      child.kill("SIGKILL");
      await exited;
    },
    log: () => log,
  };
}

export function get(options: {
  socketPath?: string;
  host?: string;
  port?: number;
  path: string;
  headers?: Record<string, string>;
}): Promise<{ status: number; body: string; headers: Record<string, string | string[] | undefined> }> {
  return new Promise((resolve, reject) => {
    const asked = request({ agent: false, ...options }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
    });
    asked.on("error", reject).end();
  });
}

/** Asks until it holds; after `timeoutMs` throws with what was waited for. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = patienceMs,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Ports of 127.0.0.1 that nobody listens on now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
