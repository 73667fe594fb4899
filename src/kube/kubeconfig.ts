/** Kubeconfig files (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/) → a connection. */
import { dirname, resolve } from "node:path";
import { parse } from "yaml";

/** All that is needed to talk to one Kubernetes API. PEM texts, not paths. */
export interface KubeConnection {
  /** `https://127.17.0.1:6443`; a path prefix is kept. */
  server: string;
  ca?: string;
  cert?: string;
  key?: string;
  token?: string;
  username?: string;
  password?: string;
  /** Checked against the server's certificate in place of the host. */
  tlsServerName?: string;
  insecureSkipTlsVerify?: boolean;
  /** The context's default namespace. */
  namespace?: string;
}

export type KubeconfigErrorCode = "kubeconfig/broken" | "kubeconfig/missing" | "kubeconfig/unsupported";
export class KubeconfigError extends Error {
  readonly code: KubeconfigErrorCode;
  /** Path in the file, such as `users[admin].exec`. */
  readonly field: string;
  readonly found: string | undefined;
  readonly accepted: string | undefined;
  constructor(
    code: KubeconfigErrorCode,
    message: string,
    field: string,
    detail: { found?: string; accepted?: string; cause?: unknown } = {},
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = "KubeconfigError";
    this.code = code;
    this.field = field;
    this.found = detail.found;
    this.accepted = detail.accepted;
  }
}

type Fields = Record<string, unknown>;
export interface KubeconfigOptions {
  /** Default: `current-context`. */
  context?: string;
  /** Path of the kubeconfig: files named in it are relative to its folder. */
  path?: string;
  /** Reads a certificate, key or token file. Without it such files are refused. */
  readFile?: (path: string) => string;
}

/** The contexts of a kubeconfig, and the current one. */
export function kubeconfigContexts(text: string): { contexts: string[]; current: string | undefined } {
  const config = parseConfig(text);
  return {
    contexts: namedList(config, "contexts").map(({ name }) => name),
    current: string(config["current-context"]) || undefined,
  };
}

/** The connection of one context. Throws `KubeconfigError`. */
export function connectionFromKubeconfig(text: string, options: KubeconfigOptions = {}): KubeConnection {
  const config = parseConfig(text);
  const contextName = options.context ?? string(config["current-context"]) ?? "";
  const context = namedEntry(config, "contexts", "context", contextName, "current-context");
  const cluster = namedEntry(
    config,
    "clusters",
    "cluster",
    string(context["cluster"]) ?? "",
    `contexts[${contextName}].cluster`,
  );
  const clusterPath = `clusters[${string(context["cluster"])}]`;
  const userName = string(context["user"]) ?? "";
  const user = userName === "" ? {} : namedEntry(config, "users", "user", userName, `contexts[${contextName}].user`);
  const userPath = `users[${userName}]`;

  for (const [field, accepted] of [
    ["exec", "a client certificate or a token"],
    ["auth-provider", "a client certificate or a token"],
    ["as", "no impersonation"],
  ] as const) {
    if (user[field] !== undefined)
      throw new KubeconfigError(
        "kubeconfig/unsupported",
        `${userPath}.${field} isn't supported yet`,
        `${userPath}.${field}`,
        { found: field, accepted },
      );
  }
  if (cluster["proxy-url"] !== undefined)
    throw new KubeconfigError(
      "kubeconfig/unsupported",
      `${clusterPath}.proxy-url isn't supported yet`,
      `${clusterPath}.proxy-url`,
      { found: String(cluster["proxy-url"]), accepted: "a direct connection" },
    );

  const server = string(cluster["server"]);
  if (server === undefined || !/^https?:\/\//.test(server) || !URL.canParse(server)) {
    throw new KubeconfigError("kubeconfig/broken", `${clusterPath}.server is not a URL`, `${clusterPath}.server`, {
      found: String(server),
      accepted: "https://host:port",
    });
  }
  const connection: KubeConnection = { server: server.replace(/\/+$/, "") };
  const put = <K extends keyof KubeConnection>(key: K, value: KubeConnection[K] | undefined): void => {
    if (value !== undefined) connection[key] = value;
  };
  put("ca", material(cluster, "certificate-authority", clusterPath, options));
  put("cert", material(user, "client-certificate", userPath, options));
  put("key", material(user, "client-key", userPath, options));
  const tokenFile = string(user["tokenFile"]);
  put(
    "token",
    string(user["token"]) ??
      (tokenFile === undefined ? undefined : readFrom(tokenFile, `${userPath}.tokenFile`, options).trim()),
  );
  put("username", string(user["username"]));
  put("password", string(user["password"]));
  put("tlsServerName", string(cluster["tls-server-name"]));
  put("namespace", string(context["namespace"]));
  if (cluster["insecure-skip-tls-verify"] === true) connection.insecureSkipTlsVerify = true;
  if ((connection.cert === undefined) !== (connection.key === undefined)) {
    throw new KubeconfigError(
      "kubeconfig/broken",
      `${userPath} has a client certificate or a key, but not both`,
      userPath,
      { accepted: "client-certificate(-data) and client-key(-data)" },
    );
  }
  return connection;
}

/** A kubeconfig with everything inline and one context, as `kubectl` reads it. */
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

function parseConfig(text: string): Fields {
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    throw new KubeconfigError("kubeconfig/broken", `the kubeconfig isn't YAML: ${(cause as Error).message}`, "", {
      cause,
    });
  }
  if (!isFields(value) || (value["kind"] !== undefined && value["kind"] !== "Config"))
    throw new KubeconfigError("kubeconfig/broken", "this isn't a kubeconfig", "kind", {
      found: isFields(value) ? String(value["kind"]) : typeof value,
      accepted: "Config",
    });
  return value;
}

function namedList(config: Fields, list: string): (Fields & { name: string })[] {
  const entries = config[list] ?? [];
  if (!Array.isArray(entries))
    throw new KubeconfigError("kubeconfig/broken", `${list} is not a list`, list, {
      accepted: "a list of { name, … }",
    });
  return entries.filter(
    (entry): entry is Fields & { name: string } => isFields(entry) && typeof entry["name"] === "string",
  );
}

function namedEntry(config: Fields, list: string, field: string, name: string, from: string): Fields {
  const entries = namedList(config, list);
  const value = entries.find((entry) => entry.name === name)?.[field];
  if (!isFields(value))
    throw new KubeconfigError("kubeconfig/missing", `${from} names "${name}", which isn't in ${list}`, from, {
      found: name,
      accepted: entries.map((entry) => entry.name).join(", ") || `an entry of ${list}`,
    });
  return value;
}

/** Inline base64 (`X-data`) wins over a file (`X`), as with client-go. */
function material(fields: Fields, name: string, path: string, options: KubeconfigOptions): string | undefined {
  const inline = string(fields[`${name}-data`]);
  if (inline !== undefined) {
    const text = Buffer.from(inline, "base64").toString("utf8");
    if (!text.includes("-----BEGIN "))
      throw new KubeconfigError("kubeconfig/broken", `${path}.${name}-data holds no PEM`, `${path}.${name}-data`, {
        accepted: "base64 of a PEM text",
      });
    return text;
  }
  const file = string(fields[name]);
  return file === undefined ? undefined : readFrom(file, `${path}.${name}`, options);
}

function readFrom(file: string, field: string, { path, readFile }: KubeconfigOptions): string {
  if (!readFile)
    throw new KubeconfigError("kubeconfig/unsupported", `${field} is a file, and files aren't read here`, field, {
      found: file,
      accepted: "inline data",
    });
  const from = resolve(path === undefined ? "." : dirname(path), file);
  try {
    return readFile(from);
  } catch (cause) {
    throw new KubeconfigError("kubeconfig/missing", `${field}: ${(cause as Error).message}`, field, {
      found: from,
      accepted: "a readable file",
      cause,
    });
  }
}

function string(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
