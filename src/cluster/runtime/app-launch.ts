import { randomUUID } from "node:crypto";
import { mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Container } from "../../objects/core.ts";
import { controlAddress } from "./addresses.ts";
import { appEnvironment } from "./environment.ts";
import { expand } from "./expand.ts";
import { parseImage } from "./image.ts";
import { setOutputAside } from "./output.ts";
import { PodProblem } from "./pod-problem.ts";
import type { PodWorker } from "./pod-worker.ts";
import { spawnDetached, type ProcessHandle } from "./process-handle.ts";
import { nodeName } from "./settings.ts";
import { planVolumes, writeVolumes } from "./volumes.ts";

/** Port of the sidecar's HTTP proxy on the pod IP. */
export const proxyPort = 15001;

/** What an app's process takes over from the machine. Everything else, and every secret of ours, stays behind. */
const inheritedNames = ["HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER", "LOGNAME"];

/** The process environment that all of a pod's processes start from; `node` is the Node that runs the cluster. */
export function inheritedEnvironment(): Record<string, string> {
  const env: Record<string, string> = {
    PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"}`,
  };
  for (const name of inheritedNames) if (process.env[name] !== undefined) env[name] = process.env[name];
  return env;
}

/** Fetches the artifact, lays out files and environment, and starts the app. Throws PodProblem. */
export async function launchApp(worker: PodWorker, container: Container): Promise<ProcessHandle> {
  const { pod, host, folder } = worker;
  const image = parseImage(container.image, host.settings.localImages);
  if (image.kind === "artifact") {
    host.event(pod, "Normal", "Pulling", `Pulling image "${container.image}"`);
    const began = Date.now();
    const artifact = await host.artifacts.folder(image.digest);
    host.event(
      pod,
      "Normal",
      "Pulled",
      artifact.pulled
        ? `Successfully pulled image "${container.image}" in ${Date.now() - began}ms`
        : `Container image "${container.image}" already present on machine`,
    );
  }
  const root = join(folder, "root");
  mkdirSync(root, { recursive: true, mode: 0o700 });
  if (worker.app?.restartCount === 0) await calleeServices(worker);
  const env = podEnvironment(worker, container);
  writeVolumes(planVolumes(pod, container, host.sources(pod)), root);
  const cwd = workingFolder(worker, container);
  if (!isFolder(cwd))
    throw new PodProblem(
      "StartError",
      `working directory "${container.workingDir ?? cwd}" doesn't exist in image "${container.image}"`,
    );
  const [command, ...args] = [...(container.command ?? []), ...(container.args ?? [])].map((text) => expand(text, env));
  if (command === undefined)
    throw new PodProblem(
      "CreateContainerConfigError",
      `container "${container.name}" has no command, and artifacts bring none of their own`,
      false,
    );
  setOutputAside(worker.logPath(container.name));
  return spawnDetached({
    command,
    args,
    cwd,
    env: { ...env, QUIPU_SPAWN: randomUUID() },
    output: worker.logPath(container.name),
  });
}

const calleeWaitMs = 2000;

/**
 * The port of a callee is its Service's, and apps of a fleet are created in any order, often all at once: a pod waits a
 * moment for Services that aren't there yet, then starts without those variables.
 */
async function calleeServices(worker: PodWorker): Promise<void> {
  const sources = worker.host.sources(worker.pod);
  const missing = (): string[] =>
    worker.allocation.callees
      .filter(({ segment, app }) => sources.service(segment, app) === undefined)
      .map(({ segment, app }) => `${app}.${segment}`);
  for (const until = Date.now() + calleeWaitMs; missing().length > 0 && Date.now() < until && !worker.ending;)
    await delay(50);
  const left = missing();
  if (left.length > 0)
    worker.host.event(
      worker.pod,
      "Normal",
      "CalleeMissing",
      `started without the address of ${left.join(", ")}: no such Service yet`,
    );
}

/** Where a container's processes begin: the unpacked artifact, or what its workingDir names below it. Throws PodProblem. */
export function workingFolder({ host: { settings } }: PodWorker, { image, workingDir }: Container): string {
  const source = parseImage(image, settings.localImages);
  const folder = source.kind === "folder" ? source.path : join(settings.home, "artifacts", source.digest);
  return workingDir === undefined ? folder : join(folder, workingDir);
}

export function podEnvironment(worker: PodWorker, container: Container): Record<string, string> {
  const { pod, host, allocation, folder } = worker;
  const { settings } = host;
  return appEnvironment(
    pod,
    container,
    {
      fleet: settings.fleet,
      cluster: settings.cluster,
      node: nodeName(settings),
      hostIP: controlAddress(settings.network),
      allocation,
      proxy: worker.sidecar === undefined ? undefined : `${allocation.ip}:${proxyPort}`,
      root: join(folder, "root"),
      inherited: inheritedEnvironment(),
    },
    host.sources(pod),
  );
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
