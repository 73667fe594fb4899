import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { connectionFromKubeconfig } from "../kube/kubeconfig.ts";
import { KubeClient } from "../kube/kube-client.ts";
import { Transport } from "../kube/transport.ts";
import { createMeshCompiler } from "../mesh/compile/compiler.ts";
import { envoyRegistry } from "../mesh/control/envoy-registry.ts";
import { MeshServer } from "../mesh/control/mesh-server.ts";
import { systemClock } from "../mesh/identity/clock.ts";
import { openIntermediate } from "../trust/intermediate.ts";
import { tokenReviewer } from "./token-reviewer.ts";

/** `mesh.json`. */
export interface MeshConfig {
  fleet: string;
  cluster: string;
  /** The first two parts of the cluster's addresses: `127.17`. */
  network: string;
  /** Paths. */
  kubeconfig: string;
  xdsSocket: string;
  controlSocket: string;
  rateLimit: { host: string; port: number };
  /** The folder with the cluster's intermediate. */
  trust: string;
  trustDomain: string;
  runDir: string;
  hollow?: boolean;
}

/** Runs a cluster's mesh process until SIGTERM or SIGINT. Its log goes to standard error, one JSON object a line. */
export async function runMesh(path: string): Promise<void> {
  const config = JSON.parse(readFileSync(path, "utf8")) as MeshConfig;
  const log = pino({ base: { role: `mesh/${config.cluster}` } }, pino.destination({ dest: 2, sync: true }));
  const connection = connectionFromKubeconfig(readFileSync(config.kubeconfig, "utf8"), {
    path: config.kubeconfig,
    readFile: (file) => readFileSync(file, "utf8"),
  });
  const client = new KubeClient(connection, { userAgent: "quipu-mesh" });
  const reviews = new Transport(connection, { userAgent: "quipu-mesh" });
  const issuer = await openIntermediate(config.trust, join(config.trust, "key"));
  if (issuer.trustDomain !== config.trustDomain)
    throw new Error(
      `${config.trust} is of trust domain ${issuer.trustDomain}, and the configuration says ${config.trustDomain}`,
    );
  const registry = envoyRegistry();
  const newCompiler = (onError: (error: unknown, what: string) => void) =>
    createMeshCompiler({ trustDomain: config.trustDomain, registry, onError });
  const compiler = newCompiler((error, type) =>
    log.error({ type, reason: String(error) }, "a resource couldn't be compiled; what was in force stays"),
  );
  const { cluster, xdsSocket, controlSocket, rateLimit, trustDomain, hollow } = config;
  const server = new MeshServer({
    ...{ cluster, controlSocket, rateLimit, trustDomain, newCompiler },
    ...(hollow !== undefined && { hollow }),
    xds: { socket: xdsSocket },
    client,
    reviewToken: tokenReviewer(reviews),
    issuer,
    compiler,
    registry,
    clock: systemClock,
    log,
  });

  let stopping: Promise<void> | undefined;
  const stop = (signal: string) => {
    if (stopping) return;
    log.info({ signal }, "the mesh process is shutting down; proxies go on with what they have");
    stopping = server
      .close()
      .then(() => Promise.all([client.close(), reviews.close()]))
      .then(() => process.exit(0));
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  try {
    await server.start();
  } catch (error) {
    if (stopping) return;
    log.fatal({ reason: error instanceof Error ? error.message : String(error) }, "the mesh process can't start");
    process.exit(1);
  }
}
