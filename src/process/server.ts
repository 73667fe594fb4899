import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pino, type Logger } from "pino";
import { ensureToken } from "../access/tokens.ts";
import { buildApi } from "../api/build-api.ts";
import { connectionFromKubeconfig } from "../kube/kubeconfig.ts";
import type { Acknowledger } from "../release/acknowledge.ts";
import { ReleaseEngine } from "../release/engine.ts";
import { ArtifactFiles } from "../store/artifact-files.ts";
import { openStore } from "../store/open-store.ts";
import type { Store, WriteTx } from "../store/store.ts";
import { StoreFailure, StoreUnavailable } from "../store/store-error.ts";
import { noRestartExitCode } from "./exit-codes.ts";
import { embeddedSignals } from "./embedded-signals.ts";
import { FleetPauses } from "./fleet-pauses.ts";
import { checkout } from "./home.ts";
import { JoinedClusters } from "./joined-clusters.ts";
import { wayOf } from "./lent-kubeconfig.ts";
import { meshExplain } from "./mesh-explain.ts";
import { readPlainFile } from "./plain-file.ts";
import { openJoined, ownMesh, ServerLinks } from "./server-links.ts";
import { readServerConfig, type ServerConfig } from "./server-config.ts";

export interface RunningServer {
  url: string;
  store: Store;
  close(): Promise<void>;
}

/** How proxies are asked: by the meshes of the clusters, unless a control run says otherwise. */
type Acknowledging = (byMeshes: Acknowledger) => Acknowledger;
const byTheirMeshes: Acknowledging = (byMeshes) => byMeshes;

/** The server's process: store, releases, a worker for each cluster, HTTP. Resolves when it serves. */
export async function runServer(configPath: string, acknowledging: Acknowledging = byTheirMeshes): Promise<void> {
  const config = readServerConfig(configPath);
  const log = pino(
    { base: { role: "server" }, level: process.env.QUIPU_LOG ?? "info" },
    pino.destination({ dest: 2, sync: true }),
  );
  let running: RunningServer | undefined;
  let stopping: Promise<void> | undefined;
  const stop = (code: number, why: string): void => {
    if (stopping !== undefined) return;
    log.info({ why }, "the server is shutting down; clusters go on with what they have");
    // What hangs must not keep a broken or dismissed server alive.
    setTimeout(() => process.exit(code), 10_000).unref();
    stopping = (running?.close() ?? Promise.resolve())
      .catch((error: unknown) => log.error({ err: error }, "shutting down"))
      .then(() => process.exit(code));
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop(0, signal));
  try {
    const broken = (failure: StoreFailure): void => {
      log.fatal({ code: failure.code }, failure.message);
      stop(noRestartExitCode, failure.code);
    };
    running = await startServer(config, log, broken, acknowledging);
  } catch (error) {
    log.fatal(
      {
        code: (error as { code?: string }).code,
        err: error instanceof StoreFailure || error instanceof StoreUnavailable ? undefined : error,
      },
      `the server can't start: ${(error as Error).message}`,
    );
    process.exit(error instanceof StoreFailure ? noRestartExitCode : 1);
  }
}

export async function startServer(
  config: ServerConfig,
  log: Logger,
  broken: (failure: StoreFailure) => void = () => undefined,
  acknowledging: Acknowledging = byTheirMeshes,
): Promise<RunningServer> {
  const store = await openStore(join(config.home, "store"), {
    ...(config.database !== undefined && { database: config.database }),
    trouble: storeTrouble(log),
  });
  const undo: (() => Promise<unknown>)[] = [() => store.close()];
  const close = async (): Promise<void> => {
    while (undo.length > 0) await undo.pop()!();
  };
  try {
    store.onFailure(broken);
    await store.write((tx) => begin(tx, config));
    const pauses = new FleetPauses(store);
    undo.push(() => pauses.close());
    await pauses.start((error) => log.warn({ err: error }, "pauses of healing aren't followed any more"));
    const links = new ServerLinks({ store, trustDomain: config.trustDomain, log, pauses });
    const read = (path: string) => readFileSync(path, "utf8");
    for (const { name, kubeconfig, meshControlSocket } of config.clusters) {
      const { close: unlink } = links.open({
        name,
        embedded: true,
        connection: connectionFromKubeconfig(read(kubeconfig), { path: kubeconfig, readFile: read }),
        mesh: (link) => ownMesh(link, meshControlSocket, store),
        kubeconfig: () => read(kubeconfig),
        // Processes on this machine: how much they are given at once is limited, not how often.
        rateLimit: { perSecond: 1000, burst: 1000 },
      });
      undo.push(unlink);
    }
    const joined = new JoinedClusters({
      store,
      log,
      embedded: new Set(config.clusters.map(({ name }) => name)),
      way: ({ spec }) => wayOf(spec, process.env, readPlainFile),
      // It may be heard of here first.
      declared: (cluster, revision) => pauses.heard(cluster, revision),
      open: (...joining) => openJoined(links, ...joining),
    });
    undo.push(() => joined.close());
    await joined.start();
    const signals = embeddedSignals(links.links, (target, error) =>
      log.debug({ err: error, ...target }, "a proxy's figures are missing"),
    );
    signals.start();
    undo.push(() => signals.close());
    const engine = new ReleaseEngine({
      store,
      acknowledger: acknowledging(links.acknowledgers),
      evidence: signals,
      now: Date.now,
      log,
    });
    undo.push(() => engine.stop());
    const {
      explain,
      trial,
      close: closeExplain,
    } = meshExplain(
      Object.fromEntries(config.clusters.map(({ name, meshControlSocket }) => [name, meshControlSocket])),
    );
    undo.push(closeExplain);
    let serving = false;
    const { app } = await buildApi({
      store,
      engine,
      signals,
      evidence: signals,
      explain,
      trial,
      artifacts: new ArtifactFiles(join(config.home, "store", "artifacts")),
      clusters: links.clusters,
      agents: links.agents,
      trustDomain: (cluster) => links.trustDomain(cluster),
      log,
      now: Date.now,
      secret: () => randomBytes(32).toString("base64url"),
      webRoot: join(checkout, "web/dist"),
      notReady: () => (serving ? [] : ["the server is starting or stopping"]),
    });
    undo.push(async () => {
      serving = false;
      await app.close();
    });
    await engine.start();
    const url = await app.listen({ host: config.host, port: config.port });
    serving = true;
    log.info({ url, clusters: config.clusters.map(({ name }) => name) }, "the server is ready");
    return { url, store, close };
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
}

/** An outage is told in a line each second at most; it isn't an error of ours. */
function storeTrouble(log: Logger): (error: unknown) => void {
  let quietUntil = 0;
  return (error) => {
    if (!(error instanceof StoreUnavailable)) return log.error({ err: error }, "what others wrote wasn't taken in");
    if (Date.now() < quietUntil) return;
    quietUntil = Date.now() + 1000;
    log.warn(`${error.message} It is tried again.`);
  };
}

/** What a server finds or makes at each start: the tokens of its files, and the clusters of its configuration. */
async function begin(tx: WriteTx, { adminTokenFile, artifactsTokenFile, clusters }: ServerConfig): Promise<void> {
  const secret = (path: string) => readFileSync(path, "utf8").trim();
  await ensureToken(tx, {
    id: "admin",
    subject: "admin",
    kind: "machine",
    grants: [{ role: "admin" }],
    expires: null,
    secret: secret(adminTokenFile),
  });
  await ensureToken(tx, {
    id: "artifacts",
    subject: "clusters",
    kind: "cluster",
    grants: [{ role: "artifacts" }],
    expires: null,
    secret: secret(artifactsTokenFile),
  });
  for (const { name, region, zone, labels } of clusters) {
    if ((await tx.get("Cluster", name)) !== undefined) continue;
    const body = {
      apiVersion: "quipu.dev/v1",
      kind: "Cluster",
      metadata: { name, labels },
      spec: { region, zone, provider: "embedded" },
    };
    await tx.put(body);
    await tx.appendAudit({
      who: "system",
      what: "put",
      subject: `Cluster/${name}`,
      after: body,
      why: "in the server's configuration",
    });
  }
}
