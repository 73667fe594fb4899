import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Container, Pod, Probe } from "../../objects/core.ts";
import { sidecarName, type Allocation } from "./allocation.ts";
import { launchApp } from "./app-launch.ts";
import { isGateway } from "./injection.ts";
import { outputTail } from "./output.ts";
import type { PodHost } from "./pod-host.ts";
import { PodProblem } from "./pod-problem.ts";
import type { ContainerView } from "./pod-status.ts";
import { runProbe } from "./probe.ts";
import { Prober } from "./prober.ts";
import type { ProcessHandle } from "./process-handle.ts";
import { ContainerRunner } from "./runner.ts";
import { adminSocket, podFolder } from "./settings.ts";
import { sidecarReady } from "./sidecar-ready.ts";
import { endPod } from "./pod-ending.ts";

export interface Adopted {
  app?: ProcessHandle;
  sidecar?: ProcessHandle;
}

/** The processes of one pod on this machine, from its allocation to its end. */
export class PodWorker {
  pod: Pod;
  readonly allocation: Allocation;
  readonly folder: string;
  readonly app: ContainerRunner | undefined;
  readonly sidecar: ContainerRunner | undefined;
  readonly host: PodHost;
  #readiness: Prober | undefined;
  #liveness: Prober | undefined;
  #sidecarProbe: Prober | undefined;
  #ending: Promise<void> | undefined;
  /** Containers that were ready when an earlier run of ours last looked: adopting one must not take it out of service. */
  readonly #readyBefore = new Set<string | undefined>();

  constructor(pod: Pod, allocation: Allocation, host: PodHost) {
    this.pod = pod;
    this.allocation = allocation;
    this.host = host;
    this.folder = podFolder(host.settings, allocation.uid);
    const container = this.appContainer;
    if (container !== undefined) this.app = this.#runner(container.name, () => launchApp(this, container));
    if (pod.spec?.containers.some((candidate) => candidate.name === sidecarName)) {
      this.sidecar = this.#runner(sidecarName, async () => {
        mkdirSync(this.folder, { recursive: true, mode: 0o700 });
        return host.startSidecar(this.pod, allocation, this.folder);
      });
    }
    this.#makeProbers(container);
  }

  get appContainer(): Container | undefined {
    return isGateway(this.pod)
      ? undefined
      : this.pod.spec?.containers.find((container) => container.name !== sidecarName);
  }

  get ready(): boolean {
    return this.views().every((view) => view.ready);
  }

  /** Up, or found that it can't be for now: the next pod may start. */
  get settled(): boolean {
    return (
      this.ending ||
      this.ready ||
      this.views().some(
        (view) =>
          view.lastState !== undefined ||
          (view.state.waiting !== undefined && view.state.waiting.reason !== "ContainerCreating"),
      )
    );
  }

  get ending(): boolean {
    return this.#ending !== undefined;
  }

  logPath(container: string): string {
    return join(this.folder, `${container}.log`);
  }

  /** Adopts what runs, starts what doesn't. */
  async start(adopted: Adopted): Promise<void> {
    for (const [runner, handle, name] of [
      [this.app, adopted.app, this.appContainer?.name],
      [this.sidecar, adopted.sidecar, sidecarName],
    ] as const) {
      const before = this.pod.status?.containerStatuses?.find((status) => status.name === name);
      if (before?.ready) this.#readyBefore.add(name);
      if (handle !== undefined) runner?.adopt(handle, before);
      else if (before !== undefined) runner?.restore(before);
    }
    this.#readyBefore.clear();
    if (this.pod.metadata.deletionTimestamp !== undefined) return this.end();
    await Promise.all([this.sidecar?.start(), this.app?.start()]);
  }

  /** A newer version of the pod; a deletion time begins its end. */
  update(pod: Pod): void {
    this.pod = pod;
    if (pod.metadata.deletionTimestamp !== undefined) void this.end();
  }

  /** Drains, stops, cleans up. `graceMs` overrides what is left of the pod's own grace. */
  end(graceMs?: number): Promise<void> {
    this.#ending ??= this.#end(graceMs);
    if (graceMs === 0) void Promise.all([this.app?.stop(0), this.sidecar?.stop(0)]);
    return this.#ending;
  }

  async #end(graceMs: number | undefined): Promise<void> {
    this.#liveness?.stop();
    this.#readiness?.stop();
    this.#sidecarProbe?.stop();
    try {
      await endPod(this, graceMs);
    } catch (error) {
      this.host.failed(this.pod, error);
    }
  }

  /** Ends the processes at once, app first, whatever the pod's own drain. */
  async stopProcesses(graceMs: number): Promise<void> {
    for (const part of [this.#liveness, this.#readiness, this.#sidecarProbe]) part?.stop();
    await this.app?.stop(graceMs);
    await this.sidecar?.stop(1000);
  }

  /** Goes on without us: the cluster process ends, its pods don't. */
  release(): void {
    for (const part of [this.#liveness, this.#readiness, this.#sidecarProbe]) part?.stop();
    this.app?.release();
    this.sidecar?.release();
  }

  views(): ContainerView[] {
    const containers = this.pod.spec?.containers ?? [];
    return containers.map((container) => {
      const isSidecar = container.name === sidecarName;
      const runner = isSidecar ? this.sidecar : this.app;
      const probe = isSidecar ? this.#sidecarProbe : this.#readiness;
      const running = runner?.handle !== undefined;
      const message = running && probe !== undefined && !probe.state.passing ? probe.state.message : undefined;
      return {
        name: container.name,
        image: container.image,
        imageID: container.image,
        state: runner?.state ?? { waiting: { reason: "ContainerCreating" } },
        lastState: runner?.lastState,
        restartCount: runner?.restartCount ?? 0,
        ready: running && (probe?.state.passing ?? true),
        ...(message !== undefined && { message: isSidecar ? message : `Readiness probe failed: ${message}` }),
      };
    });
  }

  /** The private port behind a declared port's number or name; a number that isn't declared stands for itself. */
  privatePort(port: number | string): number | undefined {
    const found = this.allocation.ports.find((candidate) => candidate.port === port || candidate.name === port);
    return found?.privatePort ?? (typeof port === "number" ? port : undefined);
  }

  #runner(name: string, launch: () => Promise<ProcessHandle>): ContainerRunner {
    const { host } = this;
    return new ContainerRunner({
      name,
      restartPolicy: name === sidecarName ? "Always" : (this.pod.spec?.restartPolicy ?? "Always"),
      launch,
      changed: () => {
        this.#followRun(name);
        host.changed(this);
      },
      tail: () => outputTail(this.logPath(name)),
      event: (type, reason, message) => host.event(this.pod, type, reason, message),
    });
  }

  #followRun(name: string): void {
    const runner = name === sidecarName ? this.sidecar : this.app;
    const probers = name === sidecarName ? [this.#sidecarProbe] : [this.#readiness, this.#liveness];
    for (const prober of probers) {
      if (runner?.handle !== undefined && !this.ending) prober?.start(this.#readyBefore.has(name) ? true : undefined);
      else prober?.stop();
    }
  }

  #makeProbers(container: Container | undefined): void {
    const { host } = this;
    const ask = (probe: Probe) => () => {
      const port = this.privatePort(probe.httpGet?.port ?? probe.tcpSocket?.port ?? 0);
      return port === undefined
        ? Promise.resolve({ ok: false, message: "the probe names a port that the container doesn't declare" })
        : runProbe(probe, port);
    };
    const unhealthy = (kind: string) => (message: string) =>
      host.event(this.pod, "Warning", "Unhealthy", `${kind} probe failed: ${message}`);
    if (container?.readinessProbe !== undefined) {
      const probe = container.readinessProbe;
      this.#readiness = new Prober(probe, ask(probe), () => host.changed(this), true, unhealthy("Readiness"));
    }
    if (container?.livenessProbe !== undefined) {
      const probe = container.livenessProbe;
      this.#liveness = new Prober(
        probe,
        ask(probe),
        (state) => {
          host.changed(this);
          if (state.passing) return;
          host.event(
            this.pod,
            "Normal",
            "Killing",
            `Container ${container.name} failed liveness probe, will be restarted`,
          );
          void this.app?.restart("LivenessProbeFailed", (this.pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000);
        },
        false,
        unhealthy("Liveness"),
      );
    }
    if (this.sidecar !== undefined) {
      const socket = adminSocket(host.settings, this.allocation.index);
      this.#sidecarProbe = new Prober(
        { periodSeconds: 5, failureThreshold: 3 },
        () => sidecarReady(socket, 1000),
        () => host.changed(this),
        true,
      );
    }
  }
}

/** What embedded clusters can't run, said before anything starts. */
export function checkPodSpec(pod: Pod): void {
  const spec = pod.spec;
  const apps = spec?.containers.filter((container) => container.name !== sidecarName) ?? [];
  const refuse = (what: string): never => {
    throw new PodProblem("UnsupportedPodSpec", `embedded clusters don't run ${what}`, false);
  };
  if (apps.length > 1)
    refuse(`more than one container in a pod (found ${apps.map((container) => container.name).join(", ")})`);
  if ((spec?.initContainers ?? []).length > 0) refuse("init containers");
  for (const container of apps) {
    if (container.startupProbe !== undefined) refuse("startup probes");
    for (const probe of [container.readinessProbe, container.livenessProbe]) {
      if (probe !== undefined && probe.httpGet === undefined && probe.tcpSocket === undefined)
        refuse("probes other than httpGet and tcpSocket");
    }
  }
}
