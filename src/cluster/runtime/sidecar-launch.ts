import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Pod } from "../../objects/core.ts";
import { writePrivate } from "../../trust/private-file.ts";
import { bootstrap, envoyArguments } from "../sidecar/bootstrap.ts";
import { sidecarName, type Allocation } from "./allocation.ts";
import { inheritedEnvironment, proxyPort } from "./app-launch.ts";
import { isGateway } from "./injection.ts";
import { setOutputAside } from "./output.ts";
import { PodProblem } from "./pod-problem.ts";
import { spawnDetached, type ProcessHandle } from "./process-handle.ts";
import { adminSocket, type RuntimeSettings } from "./settings.ts";

export interface SidecarOptions {
  /** The Envoy binary. */
  envoy: string;
  /** The mesh process's socket. */
  xdsSocket: string;
  /** A token bound to the pod, good as long as the pod may live. */
  issueToken(pod: Pod): Promise<string>;
}

/** Writes the bootstrap file and starts the pod's Envoy. Throws PodProblem. */
export async function launchSidecar(
  pod: Pod,
  allocation: Allocation,
  folder: string,
  settings: RuntimeSettings,
  options: SidecarOptions,
): Promise<ProcessHandle> {
  const socket = adminSocket(settings, allocation.index);
  const gateway = isGateway(pod);
  let config: Record<string, unknown>;
  try {
    config = bootstrap({
      role: gateway ? "router" : "sidecar",
      ip: allocation.ip,
      pod: allocation.name,
      namespace: allocation.namespace,
      serviceAccount: pod.spec?.serviceAccountName ?? "default",
      labels: pod.metadata.labels ?? {},
      cluster: settings.cluster,
      network: settings.cluster,
      locality: { region: settings.region, zone: settings.zone },
      xdsSocket: options.xdsSocket,
      adminSocket: socket,
      token: await options.issueToken(pod),
      ...(!gateway && {
        proxyAddress: `${allocation.ip}:${proxyPort}`,
        appPorts: Object.fromEntries(allocation.ports.map((port) => [String(port.port), port.privatePort])),
        callees: Object.fromEntries(allocation.callees.map((callee) => [callee.host, callee.address])),
      }),
    });
  } catch (error) {
    // Mostly: the service account doesn't exist yet.
    throw new PodProblem("CreateContainerConfigError", (error as Error).message);
  }
  mkdirSync(dirname(socket), { recursive: true, mode: 0o700 });
  // A killed Envoy leaves its socket behind, and the next can't bind it.
  rmSync(socket, { force: true });
  const path = join(folder, "envoy.json");
  writePrivate(path, JSON.stringify(config));
  const env = {
    ...inheritedEnvironment(),
    QUIPU_FLEET: settings.fleet,
    QUIPU_ROLE: `sidecar/${settings.cluster}/${allocation.uid}`,
    QUIPU_SPAWN: randomUUID(),
  };
  const output = join(folder, `${sidecarName}.log`);
  setOutputAside(output);
  return spawnDetached({
    command: options.envoy,
    args: envoyArguments(path),
    cwd: folder,
    env,
    output,
  });
}
