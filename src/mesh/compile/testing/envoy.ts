import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { request } from "node:http";
import type { JsonObject } from "@bufbuild/protobuf";
import { envoyPath } from "../../../../setup/paths.mjs";

export interface RunningEnvoy {
  stop(): Promise<void>;
  log(): string;
}

/** Starts an Envoy and waits until its health listener answers. */
export async function startEnvoy(bootstrap: JsonObject, file: string, ip: string): Promise<RunningEnvoy> {
  writeFileSync(file, JSON.stringify(bootstrap));
  const child: ChildProcess = spawn(
    envoyPath(),
    ["-c", file, "--use-dynamic-base-id", "--concurrency", "1", "-l", "warning"],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let log = "";
  child.stderr!.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const exited = once(child, "exit");
  for (let attempt = 0; ; attempt++) {
    const { status } = await send({ host: ip, port: 15_021, path: "/healthz/ready" }).catch(() => ({ status: 0 }));
    if (status === 200) break;
    if (attempt === 100 || child.exitCode !== null) throw new Error(`Envoy isn't ready: ${log}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    log: () => log,
    stop: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

export interface Answer {
  status: number;
  body: string;
  headers: Record<string, string | string[] | undefined>;
}

export function send(options: {
  host: string;
  port: number;
  path: string;
  method?: string;
  headers?: Record<string, string>;
}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...options, agent: false }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

/** Through a forward proxy, in absolute form. */
export function viaProxy(
  proxy: { host: string; port: number },
  url: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return send({
    ...proxy,
    path: url,
    method: options.method ?? "GET",
    headers: { host: new URL(url).host, ...options.headers },
  });
}

/** Through a forward proxy's CONNECT: the proxy's answer, and the answer from inside the tunnel. */
export function viaTunnel(
  proxy: { host: string; port: number },
  authority: string,
  path: string,
  host = authority,
): Promise<{ connect: number; inner: Answer | undefined }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...proxy, method: "CONNECT", path: authority, agent: false });
    outgoing.on("error", reject);
    outgoing.on("response", (response) => {
      response.resume();
      resolve({ connect: response.statusCode ?? 0, inner: undefined });
    });
    outgoing.on("connect", (response, socket) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        resolve({ connect: response.statusCode ?? 0, inner: undefined });
        return;
      }
      const inner = request({ createConnection: () => socket, path, headers: { host } }, (answer) => {
        let body = "";
        answer.on("data", (chunk: Buffer) => (body += chunk.toString()));
        answer.on("end", () => {
          socket.destroy();
          resolve({ connect: 200, inner: { status: answer.statusCode ?? 0, body, headers: answer.headers } });
        });
      });
      inner.on("error", reject);
      inner.end();
    });
    outgoing.end();
  });
}
