/** `quipu mesh` as a process of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "../../setup/paths.mjs";
import { tied } from "../testbed/tied.ts";

export interface ClusterMesh {
  /** `host:port`. */
  readonly address: string;
  /** What it wrote to standard error. */
  log(): string;
  /** SIGTERM; its exit code. */
  stop(): Promise<number | null>;
}

/** Starts it on a free port of 127.0.0.1, and waits until it serves. Throws with what it said when it ends before. */
export async function startClusterMesh(options: readonly string[]): Promise<ClusterMesh> {
  const child = spawn(...tied(join(root, "bin/quipu"), ["mesh", "--listen", "127.0.0.1:0", ...options]), {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const exit = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const address = /^serving on (\S+) /.exec(line)?.[1];
    if (address === undefined) continue;
    return {
      address,
      log: () => log,
      stop: async () => {
        if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
        await exit;
        return child.exitCode;
      },
    };
  }
  await exit;
  throw new Error(`quipu mesh ended with ${child.exitCode}: ${log}`);
}
