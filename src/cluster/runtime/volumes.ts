import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import type { Container, Pod, Volume } from "../../objects/core.ts";
import { missing, type EnvironmentSources } from "./environment.ts";
import { PodProblem } from "./pod-problem.ts";

export interface VolumePlan {
  directories: string[];
  files: { path: string; content: Buffer; secret: boolean }[];
}

/**
 * What a container's volume mounts hold. Paths stay absolute as declared; the runtime lays them below the pod's own root
 * (QUIPU_ROOT), since a process without a file system of its own can't have /etc/checkout to itself.
 * Throws PodProblem CreateContainerConfigError.
 */
export function planVolumes(
  pod: Pod,
  container: Container,
  sources: Pick<EnvironmentSources, "secret" | "configMap">,
): VolumePlan {
  const plan: VolumePlan = { directories: [], files: [] };
  for (const mount of container.volumeMounts ?? []) {
    const volume = pod.spec?.volumes?.find((candidate) => candidate.name === mount.name);
    if (volume === undefined)
      throw new PodProblem(
        "CreateContainerConfigError",
        `volumeMount "${mount.name}" of container "${container.name}" names no volume of the pod`,
        false,
      );
    const content = volumeContent(pod, volume, sources);
    if (mount.subPath === undefined) {
      plan.directories.push(mount.mountPath);
      for (const [path, bytes] of content)
        plan.files.push({ path: join(mount.mountPath, path), content: bytes, secret: volume.secret !== undefined });
      continue;
    }
    const bytes = content.get(normalize(mount.subPath));
    if (bytes !== undefined)
      plan.files.push({ path: mount.mountPath, content: bytes, secret: volume.secret !== undefined });
    else if (volume.emptyDir !== undefined) plan.directories.push(mount.mountPath);
    else throw new PodProblem("CreateContainerConfigError", `volume "${volume.name}" has no file "${mount.subPath}"`);
  }
  return plan;
}

function volumeContent(
  pod: Pod,
  volume: Volume,
  sources: Pick<EnvironmentSources, "secret" | "configMap">,
): Map<string, Buffer> {
  const { configMap, secret } = volume;
  if (configMap !== undefined) {
    const found = sources.configMap(configMap.name);
    if (found === undefined && !configMap.optional) throw missing("configmap", configMap.name, "", false, pod);
    const all = new Map([
      ...Object.entries(found?.data ?? {}).map(([key, text]) => [key, Buffer.from(text)] as const),
      ...Object.entries(found?.binaryData ?? {}).map(([key, text]) => [key, Buffer.from(text, "base64")] as const),
    ]);
    return pick(
      all,
      configMap.items,
      (key) => missing("configmap", configMap.name, key, true, pod),
      configMap.optional,
    );
  }
  if (secret !== undefined) {
    const found = sources.secret(secret.secretName);
    if (found === undefined && !secret.optional) throw missing("secret", secret.secretName, "", false, pod);
    const all = new Map(Object.entries(found?.data ?? {}).map(([key, text]) => [key, Buffer.from(text, "base64")]));
    return pick(all, secret.items, (key) => missing("secret", secret.secretName, key, true, pod), secret.optional);
  }
  if (volume.emptyDir !== undefined) return new Map();
  throw new PodProblem(
    "CreateContainerConfigError",
    `volume "${volume.name}" is of a kind that embedded clusters don't have; accepted: configMap, secret, emptyDir`,
    false,
  );
}

function pick(
  all: Map<string, Buffer>,
  items: { key: string; path: string }[] | undefined,
  absent: (key: string) => PodProblem,
  optional: boolean | undefined,
): Map<string, Buffer> {
  if (items === undefined) return all;
  const chosen = new Map<string, Buffer>();
  for (const { key, path } of items) {
    const bytes = all.get(key);
    if (bytes !== undefined) chosen.set(normalize(path), bytes);
    else if (!optional) throw absent(key);
  }
  return chosen;
}

/** Lays the plan out below `root`. Nothing may lead out of it. */
export function writeVolumes(plan: VolumePlan, root: string): void {
  const place = (path: string): string => {
    const full = join(root, path);
    if (full !== root && !full.startsWith(`${root}/`))
      throw new PodProblem("CreateContainerConfigError", `mount path "${path}" leads out of the pod's folder`, false);
    return full;
  };
  for (const path of plan.directories) mkdirSync(place(path), { recursive: true });
  for (const { path, content, secret } of plan.files) {
    const full = place(path);
    mkdirSync(dirname(full), { recursive: true });
    rmSync(full, { force: true });
    writeFileSync(full, content, { mode: 0o600 });
    chmodSync(full, secret ? 0o400 : 0o444);
  }
}
