import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Container, Pod, Probe } from "../../objects/core.ts";
import { sidecarName, type Allocation } from "./allocation.ts";
import { launchApp, podEnvironment, workingFolder } from "./app-launch.ts";
import { AppProbes, type FoundBefore } from "./app-probes.ts";
import { execProbe, probeEnvironment } from "./exec-probe.ts";
import { expand } from "./expand.ts";
import { isGateway } from "./injection.ts";
import { outputTail } from "./output.ts";
import type { PodHost } from "./pod-host.ts";
import { PodProblem } from "./pod-problem.ts";
import type { ContainerView } from "./pod-status.ts";
import { runProbe, type ProbeResult } from "./probe.ts";
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
  #probes: AppProbes | undefined;
  #sidecarProbe: Prober | undefined;
  #ending: Promise<void> | undefined;
  /** How far containers were when an earlier run of ours last looked. */
  readonly #foundBefore = new Map<string | undefined, FoundBefore>();

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
      if (before !== undefined)
        this.#foundBefore.set(name, { started: before.started ?? before.ready, ready: before.ready });
      if (handle !== undefined) runner?.adopt(handle, before);
      else if (before !== undefined) runner?.restore(before);
    }
    this.#foundBefore.clear();
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
    this.#stopProbes();
    try {
      await endPod(this, graceMs);
    } catch (error) {
      this.host.failed(this.pod, error);
    }
  }

  /** Ends the processes at once, app first, whatever the pod's own drain. */
  async stopProcesses(graceMs: number): Promise<void> {
    this.#stopProbes();
    await this.app?.stop(graceMs);
    await this.sidecar?.stop(1000);
  }

  /** Goes on without us: the cluster process ends, its pods don't. */
  release(): void {
    this.#stopProbes();
    this.app?.release();
    this.sidecar?.release();
  }

  views(): ContainerView[] {
    const containers = this.pod.spec?.containers ?? [];
    return containers.map((container) => {
      const isSidecar = container.name === sidecarName;
      const runner = isSidecar ? this.sidecar : this.app;
      const running = runner?.handle !== undefined;
      const { passing, message } = isSidecar
        ? { passing: true, ...this.#sidecarProbe?.state }
        : { passing: this.#probes?.passing ?? true, message: this.#probes?.message };
      return {
        name: container.name,
        image: container.image,
        imageID: container.image,
        state: runner?.state ?? { waiting: { reason: "ContainerCreating" } },
        lastState: runner?.lastState,
        restartCount: runner?.restartCount ?? 0,
        started: running && (isSidecar || (this.#probes?.started ?? true)),
        ready: running && passing,
        ...(running && !passing && message !== undefined && { message }),
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
    const isSidecar = name === sidecarName;
    const running = (isSidecar ? this.sidecar : this.app)?.handle !== undefined && !this.ending;
    const before = this.#foundBefore.get(name) ?? { started: false, ready: false };
    if (isSidecar && running) this.#sidecarProbe?.start(before.ready ? true : undefined);
    else if (isSidecar) this.#sidecarProbe?.stop();
    else if (running) this.#probes?.start(before);
    else this.#probes?.stop();
  }

  #stopProbes(): void {
    this.#probes?.stop();
    this.#sidecarProbe?.stop();
  }

  #makeProbers(container: Container | undefined): void {
    const { host } = this;
    if (container !== undefined)
      this.#probes = new AppProbes(container, {
        ask: (probe) => this.#ask(container, probe),
        changed: () => host.changed(this),
        event: (type, reason, message) => host.event(this.pod, type, reason, message),
        restart: (reason) =>
          void this.app?.restart(reason, (this.pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000),
      });
    if (this.sidecar !== undefined) {
      const socket = adminSocket(host.settings, this.allocation.index);
      this.#sidecarProbe = new Prober(
        { periodSeconds: 5, failureThreshold: 3 },
        () => sidecarReady(socket, 1000),
        () => host.changed(this),
        "readiness",
      );
    }
  }

  async #ask(container: Container, probe: Probe): Promise<ProbeResult> {
    if (probe.exec !== undefined) {
      const env = probeEnvironment(() => podEnvironment(this, container));
      if (env instanceof PodProblem) return { ok: false, message: env.message };
      const command = probe.exec.command.map((text) => expand(text, env));
      return execProbe({ command, cwd: workingFolder(this, container), env }, (probe.timeoutSeconds ?? 1) * 1000);
    }
    const port = this.privatePort(probe.httpGet?.port ?? probe.tcpSocket?.port ?? 0);
    if (port === undefined) return { ok: false, message: "the probe names a port that the container doesn't declare" };
    return runProbe(probe, port);
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
    for (const probe of [container.startupProbe, container.readinessProbe, container.livenessProbe]) {
      if (probe !== undefined && (probe.httpGet ?? probe.tcpSocket ?? probe.exec) === undefined)
        refuse("probes other than httpGet, tcpSocket and exec");
    }
  }
}
