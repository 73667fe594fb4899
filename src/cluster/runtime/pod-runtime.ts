import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Pod } from "../../objects/core.ts";
import type { ClusterObjects } from "../controllers/cluster-objects.ts";
import type { RecordEvent } from "../controllers/event-recorder.ts";
import { isReady } from "../controllers/pod-state.ts";
import { planAdoption, type AdoptionPlan } from "./adoption.ts";
import { allocate, type Allocation } from "./allocation.ts";
import type { ArtifactStore } from "./artifacts.ts";
import { declaredCalls } from "./declared-calls.ts";
import { keepHouse } from "./housekeeping.ts";
import { isPortFree } from "./free-port.ts";
import type { PodHost } from "./pod-host.ts";
import { asPodProblem, PodProblem } from "./pod-problem.ts";
import { readRecord, recordedPods, removeFolder, writeRecord } from "./pod-record.ts";
import { PodStatuses } from "./pod-statuses.ts";
import { checkPodSpec, PodWorker, type Adopted } from "./pod-worker.ts";
import { adoptProcess, killStray, sessionCpu } from "./process-handle.ts";
import { scanProcesses } from "./process-scan.ts";
import { adminSocket, nodeName, podFolder, type RuntimeSettings } from "./settings.ts";
import { launchSidecar, type SidecarOptions } from "./sidecar-launch.ts";
import { SpawnGate } from "./spawn-gate.ts";

export interface PodRuntimeOptions {
  settings: RuntimeSettings;
  objects: ClusterObjects;
  artifacts: ArtifactStore;
  /** Undefined: no Envoy at hand; pods that need one fail to start with a message. */
  sidecar: SidecarOptions | undefined;
  event: RecordEvent;
  /** For what must not happen; the runtime goes on. */
  failed: (about: string, error: unknown) => void;
}

/** Pods that start at the same time, and how long one may hold back the next. */
const startingPods = 4;
const startingMs = 6000;
const sweepMs = 60_000;
const refusedRetryMs = 5000;

/** Turns the Pods of a cluster into processes, and tells in their status what became of them. */
export class PodRuntime {
  readonly #options: PodRuntimeOptions;
  readonly #workers = new Map<string, PodWorker>();
  /** Uid → allocation of every pod that holds places, its worker made or not. */
  readonly #allocations = new Map<string, Allocation>();
  readonly #gate = new SpawnGate(startingPods);
  readonly #statuses: PodStatuses;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #last = { index: 0, port: 0 };
  /** Uids of pods whose worker is being made. */
  readonly #starting = new Set<string>();
  /** Allocations are made one after another: each must see the one before. */
  #allocating: Promise<unknown> = Promise.resolve();
  #unwatch: (() => void) | undefined;
  #released = false;
  readonly #host: PodHost;

  constructor(options: PodRuntimeOptions) {
    this.#options = options;
    const { settings, objects } = options;
    this.#last.port = settings.portRange[0] - 1;
    this.#statuses = new PodStatuses(objects, settings, options.failed);
    this.#host = {
      settings,
      artifacts: options.artifacts,
      sources: (pod) => ({
        secret: (name) => objects.get("Secret", pod.metadata.namespace, name),
        configMap: (name) => objects.get("ConfigMap", pod.metadata.namespace, name),
        service: (namespace, name) => objects.get("Service", namespace, name),
      }),
      startSidecar: (pod, allocation, folder) => {
        if (options.sidecar === undefined)
          throw new PodProblem(
            "StartError",
            "no Envoy found: run `npm run setup`, or set QUIPU_ENVOY to an envoy binary",
          );
        return launchSidecar(pod, allocation, folder, settings, options.sidecar);
      },
      event: options.event,
      failed: (pod, error) => options.failed(`pod ${pod.metadata.namespace ?? ""}/${pod.metadata.name}`, error),
      changed: (worker) => this.#statuses.changed(worker),
      ended: (worker) => this.#ended(worker),
    };
  }

  /** Adopts what an earlier run left, kills strays, then follows the Pods. */
  async start(): Promise<void> {
    const { settings, objects, artifacts, failed } = this.#options;
    await artifacts.tidy();
    const pods = objects.list<Pod>("Pod");
    const known = new Set(pods.map((pod) => pod.metadata.uid ?? ""));
    const plan = this.#scan(known);
    await this.#kill(plan);
    for (const uid of recordedPods(join(settings.home, "pods"))) {
      const folder = podFolder(settings, uid);
      const record = known.has(uid) ? readRecord(folder) : undefined;
      if (record !== undefined) this.#allocations.set(uid, record);
      else if (!known.has(uid)) removeFolder(folder);
    }
    for (const { index } of this.#allocations.values()) this.#last.index = Math.max(this.#last.index, index);
    this.#unwatch = objects.watch<Pod>("Pod", ({ type, object }) => this.#podChanged(type, object, plan));
    const sweep = (): void => void this.sweep().catch((error: unknown) => this.#options.failed("sweep", error));
    // The first sweep is early: a process forked just before a kill may not have shown its environment to the scan above.
    this.#timers.push(
      setTimeout(sweep, 1000),
      setInterval(sweep, sweepMs),
      ...keepHouse(() => this.#workers.values(), artifacts, objects, failed),
    );
    for (const timer of this.#timers) timer.unref();
  }

  /** Stops looking after the pods; they go on running. */
  release(): void {
    this.#released = true;
    this.#unwatch?.();
    this.#statuses.stop();
    for (const timer of this.#timers) clearTimeout(timer);
    for (const worker of this.#workers.values()) worker.release();
    this.#workers.clear();
  }

  /** Ends all pods' processes and leaves the objects as they are, so that the next start brings the pods back. */
  async stopPods(graceMs: number): Promise<void> {
    this.#unwatch?.();
    this.#released = true;
    this.#statuses.stop();
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all([...this.#workers.values()].map((worker) => worker.stopProcesses(graceMs)));
    await this.#kill(this.#scan(new Set()));
  }

  worker(namespace: string, name: string): PodWorker | undefined {
    for (const worker of this.#workers.values())
      if (worker.pod.metadata.name === name && worker.pod.metadata.namespace === namespace) return worker;
    return undefined;
  }

  /** CPU used so far by the app of each pod, in ms by pod uid. */
  appCpu(): Map<string, number> {
    const leaders = new Map<number, string>();
    for (const [uid, worker] of this.#workers)
      if (worker.app?.handle !== undefined) leaders.set(worker.app.handle.pid, uid);
    const used = new Map<string, number>();
    for (const [leader, ms] of sessionCpu(new Set(leaders.keys()))) used.set(leaders.get(leader) ?? "", ms);
    return used;
  }

  /** Looks for processes that are nobody's and ends them. */
  async sweep(): Promise<void> {
    if (this.#released) return;
    const known = new Set(this.#options.objects.list<Pod>("Pod").map((pod) => pod.metadata.uid ?? ""));
    for (const uid of this.#workers.keys()) known.add(uid);
    await this.#kill(this.#scan(known));
  }

  #scan(known: ReadonlySet<string>): AdoptionPlan {
    const { fleet, cluster } = this.#options.settings;
    const held = new Set<number>();
    for (const worker of this.#workers.values())
      for (const runner of [worker.app, worker.sidecar]) if (runner?.handle !== undefined) held.add(runner.handle.pid);
    return planAdoption(cluster, scanProcesses(fleet, [`app/${cluster}/`, `sidecar/${cluster}/`]), known, held);
  }

  async #kill(plan: AdoptionPlan): Promise<void> {
    for (const stray of plan.kill) killStray(stray);
    // Their ports and addresses are free only once they are gone.
    if (plan.kill.length > 0) await delay(100);
  }

  #podChanged(type: "ADDED" | "MODIFIED" | "DELETED", pod: Pod, plan: AdoptionPlan): void {
    const uid = pod.metadata.uid ?? "";
    const worker = this.#workers.get(uid);
    if (type === "DELETED") {
      if (worker !== undefined) void worker.end(0);
      else this.#forget(uid);
      return;
    }
    if (worker !== undefined) {
      worker.update(pod);
      return;
    }
    if (this.#starting.has(uid) || pod.status?.phase === "Failed" || pod.status?.phase === "Succeeded") return;
    if (pod.spec?.nodeName !== undefined && pod.spec.nodeName !== nodeName(this.#options.settings)) return;
    this.#starting.add(uid);
    const found = plan.adopt.get(uid);
    plan.adopt.delete(uid);
    const adopted: Adopted = {
      ...(found?.app && { app: adoptProcess(found.app.pid, found.app.startTime) }),
      ...(found?.sidecar && { sidecar: adoptProcess(found.sidecar.pid, found.sidecar.startTime) }),
    };
    setImmediate(() => {
      // What was ready before a reboot or a stop isn't now, and may have to wait for its turn.
      if (found === undefined && isReady(pod)) this.#statuses.markDown(pod);
      this.#begin(pod, adopted)
        .catch((error: unknown) => this.#host.failed(pod, error))
        .finally(() => this.#starting.delete(uid));
    });
  }

  async #begin(pod: Pod, adopted: Adopted): Promise<void> {
    const uid = pod.metadata.uid ?? "";
    const settings = this.#options.settings;
    const runs = adopted.app !== undefined || adopted.sidecar !== undefined;
    const leave = runs ? undefined : await this.#gate.enter();
    const timer = setTimeout(() => leave?.(), startingMs);
    try {
      let latest = this.#statuses.latest(pod);
      if (latest === undefined || this.#released) return;
      const allocation = await this.#allocation(latest);
      latest = this.#statuses.latest(pod);
      if (latest === undefined || this.#released) return this.#forget(uid);
      if (latest.spec !== undefined && latest.spec.nodeName === undefined) {
        latest = this.#options.objects.update<Pod>({
          ...latest,
          spec: { ...latest.spec, nodeName: nodeName(settings) },
        });
        this.#options.event(
          latest,
          "Normal",
          "Scheduled",
          `Successfully assigned ${latest.metadata.namespace ?? ""}/${latest.metadata.name} to ${nodeName(settings)}`,
        );
      }
      const worker = new PodWorker(latest, allocation, this.#host);
      this.#workers.set(uid, worker);
      // The address is known before the sidecar asks for its configuration: the mesh checks it.
      if (!runs) this.#statuses.write(worker);
      await worker.start(adopted);
      // What runs already holds nobody back.
      const until = runs ? 0 : Date.now() + startingMs;
      while (!worker.settled && !this.#released && Date.now() < until) await delay(50);
    } catch (error) {
      this.#refuse(pod, asPodProblem(error));
    } finally {
      clearTimeout(timer);
      leave?.();
    }
  }

  #allocation(pod: Pod): Promise<Allocation> {
    const { settings } = this.#options;
    const uid = pod.metadata.uid ?? "";
    const next = this.#allocating.then(async () => {
      const before = this.#allocations.get(uid);
      if (before !== undefined) return before;
      checkPodSpec(pod);
      const allocation = await allocate(pod, declaredCalls(this.#options.objects, pod), {
        network: settings.network,
        portRange: settings.portRange,
        others: this.#allocations.values(),
        last: this.#last,
        isFree: isPortFree,
      });
      this.#last.index = allocation.index;
      writeRecord(podFolder(settings, uid), allocation);
      this.#allocations.set(uid, allocation);
      return allocation;
    });
    this.#allocating = next.catch(() => undefined);
    return next;
  }

  /** A pod that can't start here at all. Without room it is tried again, since other pods end. */
  #refuse(pod: Pod, problem: PodProblem): void {
    if (!this.#statuses.refuse(pod, problem)) return;
    this.#options.event(pod, "Warning", problem.reason, problem.message);
    if (!problem.retry) return;
    const timer = setTimeout(() => {
      const again = this.#statuses.latest(pod);
      if (again !== undefined && !this.#released) this.#podChanged("MODIFIED", again, { adopt: new Map(), kill: [] });
    }, refusedRetryMs);
    timer.unref();
  }

  #ended(worker: PodWorker): void {
    const { uid, namespace, name } = worker.allocation;
    if (this.#released) return;
    this.#workers.delete(uid);
    this.#forget(uid);
    if (this.#statuses.latest(worker.pod) !== undefined)
      this.#options.objects.remove("Pod", namespace, name, { graceSeconds: 0, uid });
  }

  #forget(uid: string): void {
    const { settings } = this.#options;
    const allocation = this.#allocations.get(uid);
    if (allocation !== undefined) removeFolder(dirname(adminSocket(settings, allocation.index)));
    this.#allocations.delete(uid);
    removeFolder(podFolder(settings, uid));
  }
}
