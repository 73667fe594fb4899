import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { adminToken } from "../cluster/api/authentication.ts";
import { ApiError } from "../cluster/api/api-error.ts";
import { ObjectStore } from "../cluster/api/object-store.ts";
import type { PodLogs, PodProxy } from "../cluster/api/pod-requests.ts";
import { createApiServer } from "../cluster/api/server.ts";
import { StoreFailure } from "../cluster/api/store-failure.ts";
import { generateSigningKey, PodTokens } from "../cluster/api/tokens.ts";
import { nodeObject, registerNode } from "../cluster/controllers/cluster-basics.ts";
import { ControllerManager } from "../cluster/controllers/controller-manager.ts";
import { eventRecorder } from "../cluster/controllers/event-recorder.ts";
import { storeObjects } from "../cluster/controllers/store-objects.ts";
import { controlAddress, maxPods } from "../cluster/runtime/addresses.ts";
import { artifactServer } from "../cluster/runtime/artifact-server.ts";
import { ArtifactStore } from "../cluster/runtime/artifacts.ts";
import { HollowRuntime } from "../cluster/runtime/hollow-runtime.ts";
import { isGateway, wantsSidecar, withSidecar } from "../cluster/runtime/injection.ts";
import { podLog } from "../cluster/runtime/pod-logs.ts";
import { previousOutput } from "../cluster/runtime/output.ts";
import { proxyToPod } from "../cluster/runtime/pod-proxy.ts";
import { PodRuntime } from "../cluster/runtime/pod-runtime.ts";
import { isoTime } from "../cluster/runtime/runner.ts";
import { nodeName, type RuntimeSettings } from "../cluster/runtime/settings.ts";
import type { SidecarOptions } from "../cluster/runtime/sidecar-launch.ts";
import { envoyPath } from "../../setup/paths.mjs";
import { writePrivate } from "../trust/private-file.ts";
import { noRestartExitCode } from "./exit-codes.ts";
import { readClusterConfig, type ClusterConfig } from "./cluster-config.ts";

const version = { major: "1", minor: "36", gitVersion: "v1.36.3-quipu" };
/** As long as a pod may live: its Envoy reads the token once, from its bootstrap file. */
const tokenSeconds = 365 * 86_400;
/** How long apps may take when the whole fleet is stopped; their drain is skipped, since their callers stop too. */
const stopGraceMs = 5000;
const sidecarImage = "quipu.local/envoy";

/**
 * The embedded cluster's process: Kubernetes API, controllers, pod runtime. SIGTERM and SIGINT end it and leave its pods
 * running; `POST /quipu/shutdown?pods=stop` with the admin token ends the pods too, answers, and ends the process.
 * Resolves when it serves.
 */
export async function runCluster(configPath: string): Promise<void> {
  let cluster: RunningCluster | undefined;
  const stop = (code: number): void => {
    // What hangs must not keep a broken or dismissed cluster alive.
    setTimeout(() => process.exit(code), 10_000).unref();
    void Promise.resolve(cluster?.close()).finally(() => process.exit(code));
  };
  const broken = (failure: StoreFailure): void => {
    console.error(failure.message);
    stop(noRestartExitCode);
  };
  try {
    cluster = await startCluster(readClusterConfig(configPath), () => process.exit(0), broken);
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    return broken(error);
  }
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop(0));
}

export interface RunningCluster {
  url: string;
  store: ObjectStore;
  /** Ends the API, the controllers and the looking after pods; pods go on. */
  close(): Promise<void>;
}

/** `stopped` is called after a shutdown request has been answered, `broken` when the store can't be written any more. */
export async function startCluster(
  config: ClusterConfig,
  stopped: () => void,
  broken: (failure: StoreFailure) => void,
): Promise<RunningCluster> {
  mkdirSync(config.home, { recursive: true, mode: 0o700 });
  const settings: RuntimeSettings = {
    fleet: config.fleet,
    cluster: config.name,
    region: config.region,
    zone: config.zone,
    network: config.network,
    home: config.home,
    runDir: config.runDir,
    portRange: config.portRange,
    localImages: config.localImages === true,
    hollow: config.hollow === true,
  };
  const now = (): number => Date.now();
  const failed = (about: string, error: unknown): void =>
    console.error(
      `${new Date().toISOString()} ${about}: ${error instanceof ApiError ? error.message : ((error as Error).stack ?? String(error))}`,
    );
  const store = new ObjectStore({
    path: join(config.home, "cluster.db"),
    now: () => new Date(),
    uid: () => crypto.randomUUID(),
    failed: broken,
  });
  const url = `https://${controlAddress(config.network)}:${config.apiPort}`;
  const tokens = await PodTokens.create({
    store,
    now: () => new Date(),
    signingKey: await signingKey(config.saSigningKey),
    issuer: url,
  });

  const kubelet = storeObjects(store, "kubelet");
  registerNode(
    kubelet,
    nodeObject(
      {
        name: nodeName(settings),
        region: config.region,
        zone: config.zone,
        address: controlAddress(config.network),
        maxPods,
        cpus: cpus().length,
        memoryBytes: totalmem(),
        version: version.gitVersion,
      },
      isoTime(now()),
    ),
  );
  const artifacts = new ArtifactStore(
    join(config.home, "artifacts"),
    artifactServer(config.artifactsUrl, config.artifactsToken),
  );
  const sidecar = sidecarOptions(config, tokens);
  const pods = new PodRuntime({
    settings,
    objects: kubelet,
    artifacts,
    sidecar,
    event: eventRecorder(kubelet, "kubelet", now),
    failed,
  });
  const hollow = settings.hollow ? new HollowRuntime(kubelet, settings, now, failed) : undefined;
  const manager = storeObjects(store, "kube-controller-manager");
  const controllers = new ControllerManager({
    objects: manager,
    now,
    failed,
    event: eventRecorder(manager, "controller-manager", now),
    zone: config.zone,
    rateLimitAddress: controlAddress(config.network),
    inject: (pod, namespace) =>
      wantsSidecar(pod, namespace) && !isGateway(pod) ? withSidecar(pod, sidecarImage) : pod,
    cpu: () => pods.appCpu(),
  });

  if (hollow === undefined) await pods.start();
  else hollow.start();
  controllers.start();

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closing ??= (async () => {
      controllers.stop();
      hollow?.stop();
      pods.release();
      await server.close();
      store.close();
    })());
  const shutdown = async (stopPods: boolean): Promise<void> => {
    controllers.stop();
    if (stopPods) await pods.stopPods(stopGraceMs);
    // After the answer has gone out.
    setTimeout(() => void close().then(stopped), 100);
  };
  const server = createApiServer({
    store,
    version,
    shutdown,
    tls: {
      key: readFileSync(config.tls.key, "utf8"),
      cert: readFileSync(config.tls.cert, "utf8"),
      ca: readFileSync(config.tls.ca, "utf8"),
    },
    auth: { tokens: [adminToken(readFileSync(config.adminToken, "utf8").trim())], podTokens: tokens },
    podLogs: podLogs(pods),
    podProxy: podProxy(pods),
    onError: (error) => failed("request", error),
  });
  await server.listen(controlAddress(config.network), config.apiPort);
  return { url, store, close };
}

function podLogs(pods: PodRuntime): PodLogs {
  return ({ pod, container, ...options }) => {
    const { namespace = "", name, uid } = pod.metadata;
    const worker = pods.worker(namespace, name);
    if (worker === undefined || worker.allocation.uid !== uid)
      throw new ApiError(
        400,
        "BadRequest",
        `container "${container}" in pod "${name}" is waiting to start: no output yet`,
      );
    if (options.previous && !existsSync(previousOutput(worker.logPath(container))))
      throw new ApiError(400, "BadRequest", `previous terminated container "${container}" in pod "${name}" not found`);
    for (const [given, option] of [
      [options.timestamps, "timestamps"],
      [options.sinceSeconds ?? options.sinceTime, "since"],
    ])
      if (given)
        throw new ApiError(400, "BadRequest", `--${option}: an embedded cluster doesn't know when a line was written`);
    return podLog(worker.logPath(container), options, () => pods.worker(namespace, name) !== worker);
  };
}

function podProxy(pods: PodRuntime): PodProxy {
  return async ({ pod, port, method, path, headers, body, signal }) => {
    const worker = pods.worker(pod.metadata.namespace ?? "", pod.metadata.name);
    if (worker === undefined) throw new Error("it has no process here");
    const answer = await proxyToPod(worker, { port, method, path, headers, body, signal });
    return {
      status: answer.statusCode ?? 502,
      headers: answer.headers as Record<string, string | string[]>,
      body: answer,
    };
  };
}

/** The key that signs pod tokens: made once, since running sidecars hold tokens signed with it. */
async function signingKey(path: string): Promise<string> {
  if (!existsSync(path)) writePrivate(path, await generateSigningKey(), { durable: true });
  return readFileSync(path, "utf8");
}

function sidecarOptions(config: ClusterConfig, tokens: PodTokens): SidecarOptions | undefined {
  try {
    return {
      envoy: envoyPath(),
      xdsSocket: config.xdsSocket,
      issueToken: async (pod) => (await tokens.issue(pod, { expirationSeconds: tokenSeconds })).token,
    };
  } catch (error) {
    console.error((error as Error).message);
    return undefined;
  }
}
