import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { KubeObject } from "../../src/objects/meta.ts";
import { processorMs, type Place } from "./place.ts";

export interface Ran {
  wallMs: number;
  cpuMs: number;
  /** Most that it ever held. */
  rssMb: number;
}

/** As people keep them: a file for what apps share, and one for each app. */
export function writeFiles(folder: string, objects: readonly KubeObject[]): void {
  mkdirSync(folder);
  const files = Map.groupBy(objects, ({ metadata }) => metadata.labels?.["app"] ?? "");
  for (const [app, group] of files) {
    const text = group.map((object) => stringify(object, { aliasDuplicateObjects: false })).join("---\n");
    writeFileSync(join(folder, app === "" ? "000-shared.yaml" : `${app}.yaml`), text);
  }
}

/** `kubectl apply --server-side` of all files of a folder. */
export async function kubectlApply(place: Place, folder: string): Promise<Ran> {
  const began = performance.now();
  const args = ["--kubeconfig", place.kubeconfig, "apply", "--server-side", "-f", folder];
  const child = spawn(place.kubectl, args, {
    env: { PATH: process.env["PATH"], HOME: place.folder },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ran: Ran = { wallMs: 0, cpuMs: 0, rssMb: 0 };
  // What the process itself can't be asked for is read off as long as it runs.
  const look = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid!}/status`, "utf8");
      ran.rssMb = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? ran.rssMb * 1000) / 1000;
      ran.cpuMs = Math.max(ran.cpuMs, processorMs(child.pid!));
    } catch {
      // It has ended meanwhile.
    }
  }, 50);
  const [code] = (await once(child, "exit")) as [number | null];
  clearInterval(look);
  if (code !== 0) throw new Error(`kubectl apply ended with ${code}: ${said.slice(0, 500)}`);
  return { ...ran, wallMs: performance.now() - began };
}
