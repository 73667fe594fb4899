import { readFileSync } from "node:fs";
import { pino } from "pino";
import { CliError } from "../cli/cli-error.ts";
import type { MeshOptions } from "../cli/main.ts";
import { inClusterConnection } from "../kube/in-cluster.ts";
import { connectionFromKubeconfig } from "../kube/kubeconfig.ts";
import type { KubeConnection } from "../kube/kube-connection.ts";
import { KubeClient } from "../kube/kube-client.ts";
import { KubeError } from "../kube/kube-error.ts";
import { KubeconfigError } from "../kube/kubeconfig-error.ts";
import { Transport } from "../kube/transport.ts";
import { createMeshCompiler } from "../mesh/compile/compiler.ts";
import { envoyRegistry } from "../mesh/control/envoy-registry.ts";
import { compiledKinds } from "../mesh/control/mesh-kinds.ts";
import { MeshServer } from "../mesh/control/mesh-server.ts";
import { systemClock } from "../mesh/identity/clock.ts";
import { kinds } from "../objects/kinds.ts";
import { checkExposure, parseListen } from "./mesh-address.ts";
import { tokenReviewer } from "./token-reviewer.ts";

/**
 * `quipu mesh`: the control plane of one cluster's proxies, in istiod's place, until SIGTERM or SIGINT. It reads what
 * istiod reads, through nothing but the Kubernetes API, and writes nothing there. It gives no certificates: proxies have
 * them from the cluster `sds-grpc` of their bootstrap, as Istio's agent serves it. Its log goes to standard error, one
 * JSON object a line. Throws a `CliError` for what keeps it from starting.
 */
export async function clusterMesh(options: MeshOptions): Promise<void> {
  const { identity, trustDomain, rootNamespace, control: controlSocket } = options;
  const listen = parseListen(options.listen);
  const tls = tlsOf(options);
  checkExposure({ loopback: listen.loopback, tls: tls !== undefined, identity });
  const connection = connectionOf(options);
  const log = pino({ base: { role: "mesh" }, level: "info" }, pino.destination({ dest: 2, sync: true }));
  const client = new KubeClient(connection, { userAgent: "quipu-mesh" });
  const reviews = new Transport(connection, { userAgent: "quipu-mesh" });
  const closeClients = () => Promise.all([client.close(), reviews.close()]);
  const reviewToken = identity === "token" ? tokenReviewer(reviews) : undefined;
  try {
    await check(connection, client, reviewToken);
  } catch (error) {
    await closeClients();
    throw error;
  }

  const registry = envoyRegistry();
  const settings = { trustDomain, rootNamespace, identitySource: "sds-grpc", registry } as const;
  const newCompiler = (onError: (error: unknown, what: string) => void) => createMeshCompiler({ ...settings, onError });
  const server = new MeshServer({
    ...{ cluster: options.context ?? connection.server, trustDomain, client, reviewToken, newCompiler, registry, log },
    ...(controlSocket !== undefined && { controlSocket }),
    xds: { host: listen.host, port: listen.port, ...(tls && { tls }) },
    compiler: newCompiler((error, type) =>
      log.error({ type, reason: String(error) }, "a resource couldn't be compiled; what was in force stays"),
    ),
    clock: systemClock,
  });
  const over = new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const)
      process.once(signal, () => {
        log.info({ signal }, "the mesh is shutting down; proxies go on with what they have");
        resolve();
      });
  });
  const starting = server.start().then(
    (port) => {
      const host = listen.host.includes(":") ? `[${listen.host}]` : listen.host;
      const how = `${tls === undefined ? "plain text" : "TLS"}, proxies by ${identity}`;
      console.log(`serving on ${host}:${port} (${how}): ${server.objects} objects of ${connection.server}`);
    },
    (error: unknown) => Promise.reject(startError(error, options)),
  );
  try {
    await Promise.race([over, starting]);
    await over;
  } finally {
    // What it still starts ends with it.
    starting.catch(() => {});
    await server.close();
    await closeClients();
  }
}

function connectionOf({ kubeconfig, context }: MeshOptions): KubeConnection {
  const readFile = (path: string) => readFileSync(path, "utf8");
  try {
    if (kubeconfig === undefined) return inClusterConnection(process.env, readFile);
    return connectionFromKubeconfig(readNamed("--kubeconfig", kubeconfig), {
      ...(context !== undefined && { context }),
      path: kubeconfig,
      readFile,
    });
  } catch (error) {
    if (!(error instanceof KubeconfigError)) throw error;
    const { message, accepted } = error;
    // Names that could have been meant stand in the message.
    const accepts = accepted === undefined || message.includes(accepted) ? undefined : `Accepted: ${accepted}.`;
    const hint = kubeconfig === undefined ? "Give --kubeconfig FILE, or run it in a pod of the cluster." : accepts;
    throw new CliError("usage", message, hint);
  }
}

function tlsOf({ tlsCert, tlsKey }: MeshOptions): { cert: string; key: string } | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined)
    throw new CliError("usage", "--tls-cert and --tls-key belong together, and one is missing");
  return { cert: readNamed("--tls-cert", tlsCert), key: readNamed("--tls-key", tlsKey) };
}

function readNamed(option: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new CliError("usage", `${option} ${path} can't be read: ${(error as Error).message}`);
  }
}

/** Everything that it needs can be read, or the reasons why not, all at once. What goes wrong later is waited for. */
async function check(
  { server }: KubeConnection,
  client: KubeClient,
  reviewToken: ((token: string) => Promise<unknown>) | undefined,
): Promise<void> {
  const needed = reviewToken === undefined ? compiledKinds : [...compiledKinds, kinds.Secret];
  const asked = await Promise.allSettled([
    ...needed.map((kind) => client.list(kind, { limit: 1 })),
    ...(reviewToken === undefined ? [] : [reviewToken("whether tokens may be reviewed")]),
  ]);
  const errors = asked.flatMap((one) => (one.status === "rejected" ? [one.reason as Error] : []));
  if (errors.length === 0) return;
  const lost = errors.some((error) => error instanceof KubeError && error.lost);
  const reasons = [...new Set(errors.map(({ message }) => message))];
  throw new CliError(
    lost ? "unreachable" : "failed",
    lost
      ? `${server} can't be used: ${reasons[0]}`
      : `${server} doesn't let it read what it needs:\n  ${reasons.join("\n  ")}`,
    lost
      ? undefined
      : "It reads Istio's kinds, Services, EndpointSlices, Pods and Nodes; with --identity token Secrets, too.",
  );
}

function startError(error: unknown, { listen }: MeshOptions): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return new CliError("conflict", `${listen} is in use by another process`);
  if (code === "EADDRNOTAVAIL" || code === "EACCES")
    return new CliError("usage", `--listen ${listen} can't be had on this machine: ${message}`);
  return error as Error;
}
