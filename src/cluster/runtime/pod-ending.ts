import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { podEnvironment } from "./app-launch.ts";
import { drainListeners } from "./envoy-admin.ts";
import type { PodWorker } from "./pod-worker.ts";
import { spawnDetached } from "./process-handle.ts";
import { adminSocket } from "./settings.ts";

/**
 * The end of a pod: its endpoint is out of service from the deletion on; the hook before the stop gives callers time to
 * see that; then SIGTERM, what is left of the grace, SIGKILL. The sidecar outlives the app, which may still be calling
 * (Kubernetes documentation, "Termination of Pods").
 */
export async function endPod(worker: PodWorker, graceMs: number | undefined): Promise<void> {
  const { pod, host } = worker;
  const deadline = Date.now() + (graceMs ?? remainingGrace(worker));
  host.event(pod, "Normal", "Killing", "Stopping the pod's containers");
  if (worker.sidecar?.handle !== undefined && deadline > Date.now())
    void drainListeners(adminSocket(host.settings, worker.allocation.index));
  if (worker.app === undefined) {
    // A gateway: open requests finish while its listeners drain.
    await delay(Math.max(0, Math.min(preStopSeconds(worker) * 1000, deadline - Date.now())));
  } else {
    await preStop(worker, deadline);
    await worker.app.stop(Math.max(0, deadline - Date.now()));
  }
  await worker.sidecar?.stop(1000);
  host.ended(worker);
}

/** Kubernetes sets the deletion time to when the grace is over. */
function remainingGrace(worker: PodWorker): number {
  const { deletionTimestamp, deletionGracePeriodSeconds } = worker.pod.metadata;
  const grace = (deletionGracePeriodSeconds ?? worker.pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000;
  if (deletionTimestamp === undefined) return grace;
  return Math.max(0, Math.min(grace, Date.parse(deletionTimestamp) - Date.now() + 1000));
}

function preStopSeconds(worker: PodWorker): number {
  return worker.pod.spec?.containers[0]?.lifecycle?.preStop?.sleep?.seconds ?? 0;
}

async function preStop(worker: PodWorker, deadline: number): Promise<void> {
  const container = worker.appContainer;
  const hook = container?.lifecycle?.preStop;
  if (container === undefined || hook === undefined || worker.app?.handle === undefined) return;
  const limit = Math.max(0, deadline - Date.now());
  if (hook.sleep !== undefined) {
    await Promise.race([delay(Math.min(hook.sleep.seconds * 1000, limit)), worker.app.handle.exited]);
    return;
  }
  const [command, ...args] = hook.exec?.command ?? [];
  if (command === undefined) return;
  try {
    const env = { ...podEnvironment(worker, container), QUIPU_SPAWN: randomUUID() };
    const run = await spawnDetached({
      command,
      args,
      cwd: join(worker.folder, "root"),
      env,
      output: worker.logPath(container.name),
    });
    const timer = setTimeout(() => run.signal("SIGKILL"), limit);
    await run.exited;
    clearTimeout(timer);
  } catch (error) {
    worker.host.event(worker.pod, "Warning", "FailedPreStopHook", (error as Error).message);
  }
}
