/** Runs a credential plugin once (https://kubernetes.io/docs/reference/config-api/client-authentication.v1/). */
import { spawn } from "node:child_process";
import { KubeError } from "./kube-error.ts";
import type { ExecPlugin, KubeConnection } from "./kube-connection.ts";
import type { Environment } from "./proxy.ts";

/** What the plugin gave. */
export interface ExecStatus {
  token?: string;
  cert?: string;
  key?: string;
  /** Unix ms; undefined: until the API refuses it. */
  expiresAt?: number;
}

/** A plugin that answers in more than this isn't one. */
const mostBytes = 1024 * 1024;
/** Of what it says on standard error, that much is told: the end, where the reason stands. */
const mostSaid = 600;

/** Throws `KubeError` with code `kube/credentials`, with what the plugin said on standard error. Never shows what it gave. */
export async function runExecPlugin(
  plugin: ExecPlugin,
  connection: KubeConnection,
  env: Environment,
  timeoutMs: number,
): Promise<ExecStatus> {
  const { command, args } = plugin;
  const name = `the kubeconfig's credential plugin "${command}"`;
  const extra = Object.fromEntries(plugin.env.map(({ name: key, value }) => [key, value]));
  const child = spawn(command, [...args], {
    env: { ...withoutMarks(env), ...extra, KUBERNETES_EXEC_INFO: JSON.stringify(execInfo(plugin, connection)) },
    stdio: ["ignore", "pipe", "pipe"],
    // Its own group, so that what it starts ends with it.
    detached: true,
  });
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // Gone already.
    }
  };
  const out: Buffer[] = [];
  let bytes = 0;
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > mostBytes) kill();
    else out.push(chunk);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-mostSaid);
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    kill();
  }, timeoutMs);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on("error", reject).on("close", resolve);
    });
    const saying = said.trim() === "" ? "" : `; it says: ${said.trim()}`;
    if (late) throw failure(`${name} hasn't answered within ${timeoutMs / 1000} s${saying}`);
    if (bytes > mostBytes) throw failure(`${name} answered with more than ${mostBytes} bytes`);
    if (code !== 0) throw failure(`${name} failed${code === null ? "" : ` with exit code ${code}`}${saying}`);
    return execStatus(Buffer.concat(out).toString(), plugin, name);
  } catch (cause) {
    if (cause instanceof KubeError) throw cause;
    // The error itself names all arguments, which may be secret.
    throw failure(cannotStart(name, plugin, (cause as NodeJS.ErrnoException).code));
  } finally {
    clearTimeout(timer);
  }
}

/** Processes are known by QUIPU_… in their environment: a plugin mustn't be taken for one of them. */
function withoutMarks(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("QUIPU_")));
}

/** KUBERNETES_EXEC_INFO. */
function execInfo({ apiVersion, provideClusterInfo, clusterConfig }: ExecPlugin, connection: KubeConnection): unknown {
  const { server, ca, tlsServerName, insecureSkipTlsVerify, proxyUrl } = connection;
  const cluster = {
    server,
    "tls-server-name": tlsServerName,
    "insecure-skip-tls-verify": insecureSkipTlsVerify,
    "certificate-authority-data": ca === undefined ? undefined : Buffer.from(ca).toString("base64"),
    "proxy-url": proxyUrl,
    config: clusterConfig,
  };
  return { apiVersion, kind: "ExecCredential", spec: { interactive: false, ...(provideClusterInfo && { cluster }) } };
}

function execStatus(text: string, plugin: ExecPlugin, name: string): ExecStatus {
  let answer: { apiVersion?: unknown; kind?: unknown; status?: Record<string, unknown> };
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch {
    throw failure(`${name} answered ${text.trim() === "" ? "nothing" : "something that isn't JSON"}`);
  }
  if (answer?.kind !== "ExecCredential" || answer.apiVersion !== plugin.apiVersion)
    throw failure(
      `${name} answered with ${String(answer?.apiVersion)} ${String(answer?.kind)}, and the kubeconfig asks for ${plugin.apiVersion} ExecCredential`,
    );
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = answer.status ?? {};
  const has = (value: unknown): value is string => typeof value === "string" && value !== "";
  if (has(cert) !== has(key)) throw failure(`${name} gave a client certificate or a key, but not both`);
  if (!has(token) && !has(cert)) throw failure(`${name} gave neither a token nor a client certificate`);
  const expiresAt = has(expirationTimestamp) ? Date.parse(expirationTimestamp) : undefined;
  if (Number.isNaN(expiresAt)) throw failure(`${name} gave an expirationTimestamp that isn't a time`);
  return {
    ...(has(token) && { token }),
    ...(has(cert) && has(key) && { cert, key }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

function cannotStart(name: string, { installHint }: ExecPlugin, code: string | undefined): string {
  if (code === "ENOENT")
    return `${name} isn't installed here${installHint === undefined ? "" : `: ${installHint.trim()}`}`;
  if (code === "EACCES") return `${name} may not be run: it isn't executable`;
  return `${name} can't be started: ${code ?? "unknown reason"}`;
}

function failure(message: string): KubeError {
  return new KubeError("kube/credentials", message);
}
