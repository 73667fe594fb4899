/** Kubeconfig files (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/) → a connection. */
import { resolve } from "node:path";
import type { KubeConnection } from "./kube-connection.ts";
import { KubeconfigError } from "./kubeconfig-error.ts";
import { readKubeconfig, string, type Entry, type Fields, type KubeconfigSource } from "./kubeconfig-file.ts";
import { execPlugin, impersonation, oidcProvider } from "./kubeconfig-user.ts";
import { isProxyUrl, proxySchemes } from "./proxy.ts";

export type { KubeConnection };

export interface KubeconfigOptions {
  /** Default: `current-context`. */
  context?: string;
  /** Where that was said, for messages. Default `--context`. */
  contextField?: string;
  /** Path of the kubeconfig: files named in it are relative to its folder. */
  path?: string;
  /** Reads a certificate, key or token file. Without it such files are refused. */
  readFile?: (path: string) => string;
}

/** A text, or several files merged. */
export type Kubeconfig = string | readonly KubeconfigSource[];

/** The contexts of a kubeconfig, and the current one. */
export function kubeconfigContexts(config: Kubeconfig): { contexts: string[]; current: string | undefined } {
  const { contexts, current } = readKubeconfig(sourcesOf(config));
  return { contexts: contexts.map(({ name }) => name), current };
}

/** The connection of one context. Throws `KubeconfigError`. */
export function connectionFromKubeconfig(config: Kubeconfig, options: KubeconfigOptions = {}): KubeConnection {
  const file = readKubeconfig(sourcesOf(config, options.path));
  const contextName = options.context ?? file.current ?? "";
  const from = options.context === undefined ? "current-context" : (options.contextField ?? "--context");
  const context = entry(file.contexts, "contexts", contextName, from).value;
  const cluster = entry(
    file.clusters,
    "clusters",
    string(context["cluster"]) ?? "",
    `contexts[${contextName}].cluster`,
  );
  const userName = string(context["user"]) ?? "";
  const user =
    userName === ""
      ? { name: "", value: {}, folder: undefined }
      : entry(file.users, "users", userName, `contexts[${contextName}].user`);
  const clusterPath = `clusters[${cluster.name}]`;
  const userPath = `users[${userName}]`;

  const connection: KubeConnection = { server: serverOf(cluster.value, clusterPath) };
  const put = <K extends keyof KubeConnection>(key: K, value: KubeConnection[K] | undefined): void => {
    if (value !== undefined) connection[key] = value;
  };
  const { readFile } = options;
  const inFiles: NonNullable<KubeConnection["files"]> = {};
  const take = (each: Entry, name: string, path: string, key: "ca" | "cert" | "key"): void => {
    const { text, file: source } = material(each, name, path, readFile);
    put(key, text);
    if (source !== undefined) inFiles[key] = source;
  };
  take(cluster, "certificate-authority", clusterPath, "ca");
  take(user, "client-certificate", userPath, "cert");
  take(user, "client-key", userPath, "key");
  const tokenFile = string(user.value["tokenFile"]);
  put("token", string(user.value["token"]));
  if (tokenFile !== undefined) {
    // What the file holds wins over what stands in the kubeconfig, as with client-go.
    inFiles.token = resolve(user.folder ?? ".", tokenFile);
    put("token", readFrom(inFiles.token, `${userPath}.tokenFile`, readFile).trim());
  }
  put("username", string(user.value["username"]));
  put("password", string(user.value["password"]));
  put("tlsServerName", string(cluster.value["tls-server-name"]));
  put("namespace", string(context["namespace"]));
  put("proxyUrl", proxyOf(cluster.value, clusterPath));
  put("exec", execPlugin(user, userPath, cluster.value));
  put(
    "oidc",
    oidcProvider(user, userPath, (path, field) => readFrom(path, field, readFile)),
  );
  put("impersonate", impersonation(user.value, userPath));
  if (cluster.value["insecure-skip-tls-verify"] === true) connection.insecureSkipTlsVerify = true;
  if ((connection.cert === undefined) !== (connection.key === undefined)) {
    throw new KubeconfigError(
      "kubeconfig/broken",
      `${userPath} has a client certificate or a key, but not both`,
      userPath,
      { accepted: "client-certificate(-data) and client-key(-data)" },
    );
  }
  if (Object.keys(inFiles).length > 0) connection.files = inFiles;
  return connection;
}

/** A kubeconfig with everything inline and one context, as `kubectl` reads it. Of credentials only certificates, tokens and passwords. */
export function kubeconfigFor(name: string, connection: KubeConnection): Fields {
  const base64 = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : Buffer.from(text).toString("base64");
  const clean = (fields: Fields): Fields =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name,
        cluster: clean({
          server: connection.server,
          "certificate-authority-data": base64(connection.ca),
          "tls-server-name": connection.tlsServerName,
          "insecure-skip-tls-verify": connection.insecureSkipTlsVerify,
          "proxy-url": connection.proxyUrl,
        }),
      },
    ],
    users: [
      {
        name,
        user: clean({
          "client-certificate-data": base64(connection.cert),
          "client-key-data": base64(connection.key),
          token: connection.token,
          username: connection.username,
          password: connection.password,
        }),
      },
    ],
    contexts: [{ name, context: clean({ cluster: name, user: name, namespace: connection.namespace }) }],
    "current-context": name,
  };
}

function sourcesOf(config: Kubeconfig, path?: string): readonly KubeconfigSource[] {
  return typeof config === "string" ? [{ text: config, ...(path === undefined ? {} : { path }) }] : config;
}

function entry(entries: readonly Entry[], list: string, name: string, from: string): Entry {
  const found = entries.find((each) => each.name === name);
  if (found) return found;
  const names = entries.map((each) => each.name);
  const there = `${names.slice(0, 8).join(", ")}${names.length > 8 ? ` and ${names.length - 8} more` : ""}`;
  const what = name === "" ? `${from} names none of ${list}` : `${from} names "${name}", which isn't in ${list}`;
  throw new KubeconfigError("kubeconfig/missing", `${what} (${there || "there are none"})`, from, {
    found: name,
    accepted: names.join(", ") || `an entry of ${list}`,
  });
}

function serverOf(cluster: Fields, path: string): string {
  const server = string(cluster["server"]);
  if (server === undefined || !/^https?:\/\//.test(server) || !URL.canParse(server))
    throw new KubeconfigError("kubeconfig/broken", `${path}.server is not a URL`, `${path}.server`, {
      found: String(server),
      accepted: "https://host:port",
    });
  return server.replace(/\/+$/, "");
}

function proxyOf(cluster: Fields, path: string): string | undefined {
  const url = string(cluster["proxy-url"]);
  if (url === undefined || isProxyUrl(url)) return url;
  // What stands before an @ is a password.
  throw new KubeconfigError(
    "kubeconfig/unsupported",
    `${path}.proxy-url names no proxy we can use`,
    `${path}.proxy-url`,
    {
      found: url.replace(/\/\/.*@/, "//…@"),
      accepted: `a URL that begins with ${proxySchemes.map((scheme) => `${scheme}//`).join(", ")}`,
    },
  );
}

/** Inline base64 (`X-data`) wins over a file (`X`), as with client-go. */
function material(
  { value, folder }: Entry,
  name: string,
  path: string,
  readFile: KubeconfigOptions["readFile"],
): { text?: string; file?: string } {
  const inline = string(value[`${name}-data`]);
  if (inline !== undefined) {
    const text = Buffer.from(inline, "base64").toString("utf8");
    if (!text.includes("-----BEGIN "))
      throw new KubeconfigError("kubeconfig/broken", `${path}.${name}-data holds no PEM`, `${path}.${name}-data`, {
        accepted: "base64 of a PEM text",
      });
    return { text };
  }
  const named = string(value[name]);
  if (named === undefined) return {};
  const file = resolve(folder ?? ".", named);
  return { text: readFrom(file, `${path}.${name}`, readFile), file };
}

function readFrom(file: string, field: string, readFile: KubeconfigOptions["readFile"]): string {
  if (!readFile)
    throw new KubeconfigError("kubeconfig/unsupported", `${field} is a file, and files aren't read here`, field, {
      found: file,
      accepted: "inline data",
    });
  try {
    return readFile(file);
  } catch (cause) {
    throw new KubeconfigError("kubeconfig/missing", `${field}: ${(cause as Error).message}`, field, {
      found: file,
      accepted: "a readable file",
      cause,
    });
  }
}
