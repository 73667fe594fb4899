import type { Pod } from "../../objects/core.ts";
import type { Allocation } from "./allocation.ts";
import type { ArtifactStore } from "./artifacts.ts";
import type { EnvironmentSources } from "./environment.ts";
import type { PodWorker } from "./pod-worker.ts";
import type { ProcessHandle } from "./process-handle.ts";
import type { RuntimeSettings } from "./settings.ts";

/** What the runtime offers each of its pods. */
export interface PodHost {
  readonly settings: RuntimeSettings;
  readonly artifacts: ArtifactStore;
  /** Lookups in the namespace of a pod. */
  sources(pod: Pod): EnvironmentSources;
  /** Starts the pod's Envoy; throws PodProblem. */
  startSidecar(pod: Pod, allocation: Allocation, folder: string): Promise<ProcessHandle>;
  event(pod: Pod, type: "Normal" | "Warning", reason: string, message: string): void;
  /** What must not happen, and can't be told to anybody who waits for it. */
  failed(pod: Pod, error: unknown): void;
  /** Something that the pod's status tells has changed. */
  changed(worker: PodWorker): void;
  /** All its processes have ended: the object can go, the places are free. */
  ended(worker: PodWorker): void;
}
