import type { ClusterObjects } from "../controllers/cluster-objects.ts";
import { cleanArtifacts } from "./artifact-cleanup.ts";
import type { ArtifactStore } from "./artifacts.ts";
import { boundOutput } from "./output.ts";
import type { PodWorker } from "./pod-worker.ts";

const outputCheckMs = 20_000;
const cleanupMs = 600_000;

/** Keeps what pods leave on disk within bounds: their output, and the artifacts that they came from. */
export function keepHouse(
  workers: () => Iterable<PodWorker>,
  artifacts: ArtifactStore,
  objects: ClusterObjects,
  failed: (about: string, error: unknown) => void,
): NodeJS.Timeout[] {
  const bound = (): void => {
    for (const worker of workers())
      for (const { name } of worker.pod.spec?.containers ?? []) boundOutput(worker.logPath(name));
  };
  const clean = (): void =>
    void cleanArtifacts(artifacts, objects).catch((error: unknown) => failed("artifacts", error));
  return [setInterval(bound, outputCheckMs), setInterval(clean, cleanupMs)];
}
