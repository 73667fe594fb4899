/** A kubeconfig on the server's machine that a Cluster names: the server may use it, and gives it to nobody. */
import { connectionFromKubeconfig } from "../kube/kubeconfig.ts";
import type { KubeConnection } from "../kube/kube-connection.ts";
import { kubeconfigSources, type KubeconfigSource } from "../kube/kubeconfig-file.ts";
import type { Cluster } from "../model/cluster.ts";
import type { Way } from "./joined-cluster.ts";
import { Problem } from "../model/problem.ts";

const field = "spec.connection.kubeconfig";

/** As a Cluster says. Throws as `connectionOf`. */
export function wayOf(
  { connection = {} }: Cluster["spec"],
  env: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => string,
): Way {
  const { kubeconfig } = connection;
  return kubeconfig === undefined
    ? { by: "agent" }
    : { by: "kubeconfig", connection: connectionOf(kubeconfig, env, readFile) };
}

/** Throws `KubeconfigError`, or an error that says which file can't be read. */
export function connectionOf(
  { context, path }: { context: string; path?: string },
  env: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => string,
): KubeConnection {
  const sources = path === undefined ? usualFiles(env, readFile) : [{ text: named(path, readFile), path }];
  return connectionFromKubeconfig(sources, { context, contextField: `${field}.context`, readFile });
}

function named(path: string, readFile: (path: string) => string): string {
  try {
    return readFile(path);
  } catch (cause) {
    throw new Error(`${field}.path: ${path} can't be read on the server's machine: ${reason(cause)}`, { cause });
  }
}

/** As `kubectl` has it, files that aren't there don't count; others that can't be read do. */
function usualFiles(
  env: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => string,
): KubeconfigSource[] {
  const tried: string[] = [];
  const sources = kubeconfigSources(env, (path) => {
    tried.push(path);
    try {
      return readFile(path);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw new Error(`${path} can't be read on the server's machine: ${reason(cause)}`, { cause });
    }
  });
  if (sources.length > 0) return sources;
  throw new Error(
    `${field} names no path, and on the server's machine there is no ${tried.join(" and no ")}: name one, or start the server with KUBECONFIG`,
  );
}

function reason(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES") return "the server may not read it";
  return code === "EISDIR" ? "it is a folder" : message;
}

export function notGivenAway(cluster: string, context: string): never {
  throw new Problem(
    "kubeconfig-lent",
    `Cluster ${cluster} was joined by the context ${context} of a kubeconfig on the server's machine, which isn't given away.`,
    { found: cluster, accepted: "a kubeconfig of your own", subject: `Cluster/${cluster}` },
  );
}
